"""Who did what, to what, from where: a record of CloudTrail as a person would tell it."""
