"""What runs inside the emulator's process: CloudTrail's part, which the emulator itself does not play."""
