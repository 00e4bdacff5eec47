"""Messages from the outbox to their subscribers: one by one, summed up, and what comes due by the clock."""
