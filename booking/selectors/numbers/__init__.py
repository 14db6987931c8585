"""The owner's numbers in words: what each means, what it came to, and the visits behind it."""
