"""What pytest leaves alone here: peers run in an environment of their own and cannot be imported."""

collect_ignore = ["peers"]
