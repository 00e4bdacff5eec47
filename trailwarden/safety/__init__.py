"""What attackers write, made safe to show; what is secret, masked."""
