"""Record to page, and page to HTML, JSON, Markdown, JUnit and annotations."""
