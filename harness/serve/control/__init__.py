"""The control API of a simulator: world, clock and faults while it runs, and the requests it got."""
