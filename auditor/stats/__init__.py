"""Pure functions over counts and arrays; each names its source. numpy and scipy alone."""
