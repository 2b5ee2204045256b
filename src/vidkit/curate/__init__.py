"""Work over a whole library: new rules, a person's corrections, statistics."""
