"""What the drivers of clients share; it stands beside them and needs nothing but Python."""


class Steps:
    """The steps so far; one that raises has failed, whatever it raised."""

    def __init__(self):
        self.told = []

    def take(self, name, run):
        try:
            said = run()
        except Exception as problem:
            said = f"{type(problem).__name__}: {problem}"[:300]
        self.told.append([name, said])
