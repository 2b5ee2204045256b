"""Operations on the whole library: new rules, corrections by a person, statistics."""
