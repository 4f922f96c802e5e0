"""`wuzhan demo --days`: a village's weeks played over HTTP, by people who are as people are."""
