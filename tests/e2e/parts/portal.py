"""A device at the sign-in page: forms as a browser without scripts sends them, from an address of its own."""

import http.client
import re
import ssl
import urllib.parse


class Device:
    def __init__(self, address: str, port: int, host: str):
        self.address, self.port, self.host = address, port, host

    def ask(self, method: str, path: str, form: dict | None = None) -> tuple[int, str | None, str]:
        """(status, Location, page)"""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, context=ssl._create_unverified_context(), source_address=(self.address, 0), timeout=20)
        fields = {"Host": f"{self.host}:{self.port}"}
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            fields |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{self.host}:{self.port}"}
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        page = answer.read().decode()
        connection.close()
        return answer.status, answer.headers.get("Location"), page

    def get(self, path: str) -> str:
        status, _, page = self.ask("GET", path)
        assert status == 200, f"{path}: {status}\n{page}"
        return page

    def fill_in(self, page_path: str, action: str, **fields: str) -> tuple[int, str | None, str]:
        """Sends the form of a page with its hidden fields and these."""
        page = self.get(page_path)
        form = {}
        for field in re.findall(r'<input[^>]*type="hidden"[^>]*>', page):
            form[re.search(r'name="([^"]+)"', field)[1]] = re.search(r'value="([^"]*)"', field)[1]
        return self.ask("POST", action, form | fields)

    def sign_in(self, user: str, password: str) -> tuple[int, str | None, str]:
        return self.fill_in("/", "/sign-in", user=user, password=password)

    def accept_terms(self) -> None:
        status, where, page = self.fill_in("/terms", "/terms", answer="yes")
        assert (status, where) == (303, "/"), page
