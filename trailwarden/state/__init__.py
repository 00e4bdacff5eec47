"""What must be remembered, behind one small protocol; here in memory, in `trailwarden.aws` in DynamoDB."""
