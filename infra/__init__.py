"""The deployment: settings, bundling, and one file a stack."""
