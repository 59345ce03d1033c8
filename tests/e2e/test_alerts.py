"""The safeguarding lead hears of it: by mail and by webhook, once a burst, and with nothing in it that must not travel."""

import hashlib
import hmac
import json
import time

import pytest

from parts.school import STAFF
from parts.waiting import wait_for
from parts.wire import fetch

SECRET = "correct horse battery staple"


@pytest.fixture
def alerting(new_school, mail, webhook, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    school = new_school()
    school.files["alerts.yaml"] = f"""
recipients:
  dsl: {{ email: dsl@school.example }}
  head: {{ email: head@school.example }}
mail: {{ server: "smtp://127.0.0.1:{mail.port}", from: schoolgate@school.example, user: , password_file: }}
webhooks: [ {{ name: case-system, url: "http://127.0.0.1:{webhook.port}/hook", secret_file: {secret} }} ]
routes:
  - {{ urgency: 1, send: now, to: [dsl, case-system] }}
"""
    return school.start()


def try_to_reach(school, web, path="/x", name="blocked.example", **options):
    assert fetch(school.proxy, f"http://{name}:{web.http}{path}", **options).status == 403


def test_the_mail_arrives_and_names_nobody_and_no_site(alerting, web, mail):
    try_to_reach(alerting, web, "/poker-night")
    wait_for(lambda: mail.messages, "the mail")
    message = mail.messages[0]
    text = message["Subject"] + "\n" + message.get_body(("plain",)).get_content()
    assert mail.recipients[0] == ["dsl@school.example"] and message["From"] and message["Message-ID"] and message["Date"]
    for word in ("blocked.example", "blocked[.]example", "poker-night", "127.0.0.1"):
        assert word not in text, f"{word} is in the mail"
    assert "gambling" in text.lower() and "Pupils" in text or "pupils" in text
    assert "\n" not in message["Subject"]


def test_the_webhook_is_signed(alerting, web, webhook):
    try_to_reach(alerting, web)
    wait_for(lambda: webhook.calls, "the webhook")
    fields, body = webhook.calls[0]
    json.loads(body)
    assert b"blocked.example" not in body and b"127.0.0.1" not in body
    timestamp = fields["schoolgate-timestamp"]
    expected = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert expected in fields["schoolgate-signature"]
    assert abs(int(timestamp) - time.time()) < 60


def test_one_alert_for_a_burst(alerting, web, mail, webhook):
    for number in range(25):
        try_to_reach(alerting, web, f"/{number}")
    wait_for(lambda: mail.messages and webhook.calls, "the alert")
    try_to_reach(alerting, web, "/adult", name="adult.example", source=STAFF)  # another person, another theme: another alert
    wait_for(lambda: len(mail.messages) >= 2, "the second alert")
    assert len(mail.messages) == 2


def test_a_refused_webhook_is_tried_again_with_the_same_id(alerting, web, webhook):
    webhook.answers = [503]
    try_to_reach(alerting, web)
    wait_for(lambda: len(webhook.calls) >= 2, "the second try", deadline=90)
    first, second = (json.loads(body) for _, body in webhook.calls[:2])
    assert first["id"] == second["id"]


def test_an_alert_outlives_a_restart(alerting, web, mail):
    mail.refuse = True
    try_to_reach(alerting, web)
    wait_for(lambda: alerting.attempts(), "the record")
    alerting.stop()
    mail.refuse = False
    alerting.start()
    wait_for(lambda: mail.messages, "the mail after the restart", deadline=90)
    assert len(mail.messages) == 1


def test_what_is_below_every_route_alerts_nobody(new_school, web, mail):
    school = new_school()
    school.files["alerts.yaml"] = f"""
recipients: {{ dsl: {{ email: dsl@school.example }} }}
mail: {{ server: "smtp://127.0.0.1:{mail.port}", from: schoolgate@school.example }}
routes:
  - {{ urgency: 5, send: now, to: [dsl] }}
"""
    school.start()
    try_to_reach(school, web)
    wait_for(lambda: school.attempts(), "the record")
    school.stop()  # what is due is sent before it ends
    school.start()
    school.stop()
    assert mail.messages == []
