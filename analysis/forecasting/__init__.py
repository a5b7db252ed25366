"""What runs that are not made yet will measure, which to make next, and how past forecasts did."""
