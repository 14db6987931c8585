"""What could become of visits that a change runs into: the nearest free times, without a promise.

The same arithmetic as `free_slots`, over one reading of each place's diary for all the visits of
a page. Choosing one of the times asks `free_slots` itself.
"""
