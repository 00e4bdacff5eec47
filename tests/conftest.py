"""What every tier of tests shares."""

from hypothesis import HealthCheck, settings

# No test asserts a time: a busy machine must not fail a property.
settings.register_profile("trailwarden", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("trailwarden")
