// A whole worker: two clients of the explicit proxy and the web sites that it dials, each saying anything at any time;
// ends of every kind, readers that stop, time that passes, a policy that changes.
//
// Each step of the input is one act of one peer. What must hold: no crash; no request for a blocked site reaches it; a
// connection that one client has logged in on never carries a request of the other; when the peers are gone, nothing is
// left of them.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "tests/fuzz/simulated_web.h"

namespace {

using namespace schoolgate;
using namespace schoolgate::flow::fuzzing;

// What tells a client's requests apart. Changes with each input, and no input can know it.
std::string mark_of(std::size_t client) {
  static std::uint64_t inputs = 0;
  if (client == 2) ++inputs;
  return "X-Who: " + std::to_string(client) + "-" + std::to_string(inputs * 2654435761u % 1000003) + "\r\n";
}

std::string request(std::uint8_t which, std::size_t client, std::string_view raw) {
  static constexpr std::string_view kHosts[] = {"web.example", "other.example", "casino.example", "web.example"};
  const std::string host = simulated_host(kHosts[(which >> 6) & 3]),
                    fields = "Host: " + host + "\r\n" + mark_of(client);
  const std::string absolute = "http://" + host;
  switch (which % 16) {
    case 0: return "GET " + absolute + "/ HTTP/1.1\r\n" + fields + "\r\n";
    case 1: return "POST " + absolute + "/ HTTP/1.1\r\n" + fields + "Content-Length: 5\r\n\r\nhello";
    case 2: return "POST " + absolute + "/ HTTP/1.1\r\n" + fields + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    case 3: return "GET " + absolute + "/ HTTP/1.1\r\n" + fields + "Authorization: NTLM TlRMTVNTUAAB\r\n\r\n";
    case 4: return "GET " + absolute + "/ HTTP/1.0\r\n" + fields + "\r\n";
    case 5: return "HEAD " + absolute + "/ HTTP/1.1\r\n" + fields + "\r\n";
    case 6:
      return "PUT " + absolute + "/ HTTP/1.1\r\n" + fields + "Expect: 100-continue\r\nContent-Length: 4096\r\n\r\n";
    case 7: return "CONNECT " + host + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
    case 8:
      return "GET " + absolute + "/live HTTP/1.1\r\n" + fields +
             "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
             "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    case 9: return "GET / HTTP/1.1\r\n" + fields + "\r\n";
    case 10: return "GET " + absolute + "/secret/ HTTP/1.1\r\n" + fields + "\r\n";
    case 11: return "GET " + absolute + "/ HTTP/1.1\r\n" + fields + std::string(raw) + "\r\n\r\n";
    case 12:
      return "POST " + absolute + "/ HTTP/1.1\r\n" + fields +
             "Authorization: Negotiate YII\r\nContent-Length: 0\r\n\r\n";
    case 13: return "0\r\n\r\n";
    case 14: return std::string(raw);
    default: return std::string(std::size_t(which >> 4) * 1024, 'b');
  }
}

std::string answer(std::uint8_t which, std::string_view raw) {
  switch (which % 16) {
    case 0: return "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    case 1: return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    case 2: return "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM TlRMTVNTUAAC\r\nContent-Length: 0\r\n\r\n";
    case 3: return "HTTP/1.1 100 Continue\r\n\r\n";
    case 4: return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    case 5: return "HTTP/1.1 200 OK\r\n\r\nuntil the end";
    case 6: return "HTTP/1.1 204 No Content\r\n\r\n";
    case 7: return "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n";
    case 8: return "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n";
    case 9: return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    case 10: return "HTTP/1.1 200 OK\r\nPersistent-Auth: true\r\nContent-Length: 2\r\n\r\nok";
    case 11: return "HTTP/1.1 200 OK\r\n" + std::string(raw) + "\r\n\r\n";
    case 12: return "5\r\nhello\r\n";
    case 13: return "0\r\n\r\n";
    case 14: return std::string(raw);
    default: return std::string(std::size_t(which >> 4) * 1024, 'd');
  }
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// The chunks of a body, at the front of `bytes`; npos when they are not all there.
std::size_t size_of_chunks(std::string_view bytes) {
  for (std::size_t at = 0;;) {
    const std::size_t line = bytes.find("\r\n", at);
    if (line == std::string_view::npos) return line;
    const std::size_t size = std::strtoull(std::string(bytes.substr(at, line - at)).c_str(), nullptr, 16);
    at = line + 2 + size + 2;
    if (size == 0) return at;
    if (at > bytes.size()) return std::string_view::npos;
  }
}

// The heads of the requests that a web site's connection has got, as the gateway's own writer writes them. What is
// relayed as it came (a tunnel, a WebSocket) is nobody's request.
std::vector<std::string_view> heads_of(std::string_view got) {
  std::vector<std::string_view> heads;
  while (!got.empty()) {
    const std::size_t size = got.find("\r\n\r\n");
    if (size == std::string_view::npos || !got.substr(0, got.find("\r\n")).ends_with(" HTTP/1.1")) break;
    const std::string_view head = heads.emplace_back(got.substr(0, size + 2));
    got.remove_prefix(size + 4);
    if (has(head, "\r\nUpgrade: ")) break;
    std::size_t body = 0;
    if (has(head, "\r\nTransfer-Encoding: ")) body = size_of_chunks(got);
    if (const std::size_t at = head.find("\r\nContent-Length: "); at != std::string_view::npos)
      body = std::strtoull(std::string(head.substr(at + 18)).c_str(), nullptr, 10);
    if (body > got.size()) break;
    got.remove_prefix(body);
  }
  return heads;
}

// Of what one web site's connection has got.
void must_be_in_order(const End& site) {
  bool logged_in = false, by[2] = {false, false};
  for (const std::string_view head : heads_of(site.got)) {
    require(!has(head, "\r\nHost: casino.example"));
    require(!has(head, "GET /secret/ HTTP/1.1\r\nHost: web.example"));
    logged_in |= has(head, "Authorization: NTLM TlRMTVNTUAAB") || has(head, "Authorization: Negotiate YII");
    if (!logged_in) continue;
    for (const std::size_t client : {0u, 1u}) by[client] |= has(head, mark_of(client));
    require(!(by[0] && by[1]));
  }
}

void step(HttpScene& scene, Script& script) {
  const std::uint8_t act = script.byte();
  const std::size_t which = (act >> 3) & 1;
  const auto wants_text = [](std::uint8_t what) { return what % 16 == 11 || what % 16 == 14; };
  End& client = scene.clients[which];
  End& site = scene.sites[(act >> 3) & 3];
  switch (act & 7) {
    case 0:
    case 1: {
      const std::uint8_t what = script.byte();
      client.sends(request(what, which, wants_text(what) ? script.text() : std::string_view()));
      break;
    }
    case 2:
    case 3: {
      const std::uint8_t what = script.byte();
      site.sends(answer(what, wants_text(what) ? script.text() : std::string_view()));
      break;
    }
    case 4: (act & 0x20) != 0 ? client.finishes_sending() : client.closes(); break;
    case 5: (act & 0x20) != 0 ? site.finishes_sending() : site.closes(); break;
    case 6:
      if ((act & 0x20) != 0)
        scene.client_comes(std::uint8_t(which));
      else
        client.paused = !client.paused;
      break;
    default:
      if ((act & 0x20) != 0)
        scene.gateway.publish((act & 0x40) != 0);
      else
        scene.gateway.pass(script.byte());
  }
  scene.turn();
  for (const End& each : scene.sites) must_be_in_order(each);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SimulatedGateway& gateway = gateway_for_next_input(simulated_web().port());
  static_cast<void>(mark_of(2));
  {
    HttpScene scene(gateway);
    Script script(data, size);
    for (int steps = 0; !script.over() && steps < 100; ++steps) step(scene, script);
  }
  gateway.must_come_to_an_end();
  return 0;
}
