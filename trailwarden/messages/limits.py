"""What SNS takes: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

SUBJECT_LIMIT = 99
SMS_LIMIT = 140
MESSAGE_LIMIT = 256 * 1024
"""Bytes, of all bodies and attributes together."""
