"""What a web site has surely not processed is asked once more (RFC 9113 section 6.8), so nothing is lost and nothing is done twice."""

from parts.inspected import H2Client, inspecting_school
from parts.origins import Nginx
from parts.tls_origins import key_pem, pem


def test_no_post_is_lost_where_the_web_site_ends_its_connections_often(tmp_path, web_authority, names):
    """nginx says GOAWAY after fifty requests, while others are on their way: what it has not looked at is asked once more."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    issued = web_authority[0].issue("forum.example")
    (folder / "certificate.pem").write_bytes(pem(issued.certificate))
    (folder / "key.pem").write_bytes(key_pem(issued.key))
    (tmp_path / "nginx").mkdir()
    nginx = Nginx(tmp_path / "nginx", folder, http2=True, settings="keepalive_requests 50;")
    (tmp_path / "school").mkdir()
    school = inspecting_school(tmp_path / "school", trust=web_authority[1], ports=[nginx.tls], dns_port=names.port).start()
    try:
        statuses = []
        clients = [H2Client(school, "forum.example", nginx.tls) for _ in range(3)]
        for number in range(2000 // 120):
            asked = [(client, client.begin("/form", ("content-length", "8"), method="POST", ends=False)) for client in clients for _ in range(40)]
            for client, stream in asked:
                client.upload(stream, b"the form")
            for client, stream in asked:
                client.until(lambda: stream in client.ended or stream in client.resets, "an answer")
                statuses.append(client.answers[stream].status if stream in client.answers else client.resets[stream])
        for client in clients:
            client.pipe.close()
        assert statuses == [200] * len(statuses) and len(statuses) == 16 * 120
        assert len([line for line in nginx.requests() if line.endswith(" /form")]) == len(statuses)  # and none was made twice
        assert school.metric("requests_asked_anew_total") > 0
    finally:
        school.stop()
        nginx.stop()
