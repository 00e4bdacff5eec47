"""Thin boto3 adapters. Clients are passed in; nothing here decides anything about records or rules."""
