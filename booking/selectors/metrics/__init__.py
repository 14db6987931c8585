"""The numbers of the clinic: what visits came to in a period, beside the period before.

Days are those of each place's own clock, instants are summed in seconds. Everything that grows with
the number of visits is added up by the database; Python sees a row for each day and aesthetician.
`booking.selectors.numbers` has the definitions in words.
"""
