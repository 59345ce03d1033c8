// A WebSocket through the gateway, once both sides have agreed on it: bytes both ways, half-closes, ends of every kind,
// readers that stop, silence, a policy that changes.
//
// What must hold: each side gets what the other has sent, in order and nothing else; what the policy ends is ended for
// both; when they are gone, nothing is left of them.
#include "tests/fuzz/simulated_web.h"

namespace {

using namespace schoolgate;
using namespace schoolgate::flow::fuzzing;

// A large, uneven stretch, so that order shows.
std::string stretch(std::uint8_t size) {
  std::string out(std::size_t(size) * 512, '\0');
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = char('a' + (i ^ (i >> 7) ^ size) % 26);
  return out;
}

bool begins_with(const std::string& whole, const std::string& part) {
  return part.size() >= (4u << 20) || whole.compare(0, part.size(), part) == 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SimulatedGateway& gateway = gateway_for_next_input(simulated_web().port());
  {
    HttpScene scene(gateway);
    End &client = scene.clients[0], &site = scene.sites[0];
    Script script(data, size);
    const std::string host = simulated_host("web.example"), early_up(script.text()), early_down(script.text());
    client.sends("GET http://" + host + "/live HTTP/1.1\r\nHost: " + host +
                 "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                 "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
                 early_up);
    scene.turn();
    require(site.open());
    site.sends("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" + early_down);
    scene.turn();
    const std::size_t asked = site.got.find("\r\n\r\n"), agreed = client.got.find("\r\n\r\n");
    require(asked != std::string::npos && agreed != std::string::npos);
    site.got.erase(0, asked + 4);
    client.got.erase(0, agreed + 4);
    client.sent = early_up;
    site.sent = early_down;
    bool ended = false;
    for (int steps = 0; !script.over() && steps < 200; ++steps) {
      const std::uint8_t act = script.byte();
      End& peer = (act & 1) == 0 ? client : site;
      switch ((act >> 1) & 7) {
        case 0:
        case 1: peer.sends(script.text()); break;
        case 2: peer.sends(stretch(script.byte())); break;
        case 3: peer.finishes_sending(); break;
        case 4: peer.paused = !peer.paused; break;
        case 5: gateway.pass(script.byte()); break;
        case 6:
          gateway.publish(true);
          ended = true;
          break;
        default: peer.closes();
      }
      scene.turn();
      require(begins_with(client.sent, site.got) && begins_with(site.sent, client.got));
      if (ended) {
        client.paused = site.paused = false;
        scene.turn();
        require((!client.open() || client.at_end) && (!site.open() || site.at_end));
        break;
      }
    }
  }
  gateway.must_come_to_an_end();
  return 0;
}
