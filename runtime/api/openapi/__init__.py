"""What is served here, as an OpenAPI 3.1 document: https://spec.openapis.org/oas/v3.1.1.html."""
