"""From a table in a file to examples, by a contract that all silos can agree on."""
