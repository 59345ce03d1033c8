"""What the end-to-end tests are made of: a school, its gateway's wire, web servers, receivers and networks."""
