"""One file per section of the report: from the record to plain data that its template shows."""
