"""Plans, subscriptions and payments (docs/plans.md). Nothing here acts unless NETFLIXLITE_PAYMENTS says so."""
