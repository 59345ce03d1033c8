// HTTP/2 through the gateway, both sides hostile: two clients and two connections to the web site, any frames in any
// order, ends of every kind, readers that stop, time that passes, a policy that changes.
//
// Each step of the input is one act of one peer (step() below). What must hold: no crash; nothing of a blocked address
// and no login that would hold for the shared connection reaches the web site; when the peers are gone, nothing is left
// of them, and nothing is on a client's account.
#include <array>
#include <utility>

#include "proxy/flow/h2_upstream.h"
#include "tests/fuzz/simulated_gateway.h"

namespace {

using namespace schoolgate;
using namespace schoolgate::flow;
using namespace schoolgate::flow::fuzzing;

enum Frame : std::uint8_t { DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION };
constexpr std::uint8_t kEndStream = 1, kEndHeaders = 4;

std::string number(std::uint32_t value, int size = 4) {
  std::string out;
  while (size-- > 0) out += char(value >> (8 * size));
  return out;
}
std::string frame(std::uint8_t kind, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  return number(std::uint32_t(payload.size()), 3) + char(kind) + char(flags) + number(stream) + std::string(payload);
}
// Literals without indexing; no value is longer than 126 bytes.
std::string pairs(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  std::string out;
  for (const auto& [name, value] : fields)
    out += std::string(1, '\0') + char(name.size()) + std::string(name) + char(value.size()) + std::string(value);
  return out;
}
std::string asked(std::string_view method, std::string_view path) {
  return pairs({{":method", method}, {":scheme", "https"}, {":authority", "web.example"}, {":path", path}});
}

std::string request_head(std::uint8_t which, std::string_view raw) {
  switch (which % 12) {
    case 0: return asked("GET", "/");
    case 1: return asked("POST", "/form");
    case 2: return asked("GET", "/secret/x");
    case 3: return asked("CONNECT", "/live") + pairs({{":protocol", "websocket"}});
    case 4: return asked("PUT", "/") + pairs({{"expect", "100-continue"}});
    case 5: return asked("HEAD", "/");
    case 6: return asked("GET", "/") + pairs({{"authorization", "NTLM TlRM"}});
    case 7: return asked("POST", "/g") + pairs({{"te", "trailers"}, {"content-length", "5"}});
    case 8: return asked("GET", "/%73ecret/x") + pairs({{"cookie", "a=1"}, {"cookie", "b=2"}});
    case 9: return pairs({{"grpc-status", "0"}});
    case 10: return asked("GET", raw);
    default: return asked("GET", "/") + std::string(raw);
  }
}
std::string answer_head(std::uint8_t which, std::string_view raw) {
  switch (which % 12) {
    case 0: return pairs({{":status", "200"}});
    case 1: return pairs({{":status", "200"}, {"content-length", "5"}});
    case 2: return pairs({{":status", "100"}});
    case 3: return pairs({{":status", "204"}});
    case 4: return pairs({{":status", "304"}});
    case 5: return pairs({{":status", "200"}, {"content-type", "text/event-stream"}});
    case 6: return pairs({{":status", "401"}, {"www-authenticate", "NTLM"}});
    case 7: return pairs({{":status", "200"}, {"content-disposition", "attachment; filename=a.exe"}});
    case 8: return pairs({{"grpc-status", "0"}});
    case 9: return pairs({{":status", "421"}});
    case 10: return pairs({{":status", raw.substr(0, 120)}});
    default: return pairs({{":status", "200"}}) + std::string(raw);
  }
}

net::awaitable<void> serve_opened(net::Accepted accepted, Worker& worker) {
  Connection connection(std::move(accepted), Entrance::explicit_proxy, worker);
  connection.inside = std::make_unique<Inside>(*names::Host::parse("web.example"));
  connection.inside->to = {"web.example", 443};
  connection.inside->protocol = "h2";
  co_await serve_h2(connection);
}

// What reaches the web site, as a web site reads it.
class Site final : public http::H2Events {
 public:
  Site() : session_(http::H2Session::server({}, *this)) {}
  /// The part of what came that is new. What answers a hostile peer's own settings is not for this reader, so it stops
  /// at the first thing that it does not take.
  void sees(std::string_view got) {
    if (given_up_ || got.size() <= seen_) return;
    std::string room(64 * 1024, '\0');
    given_up_ = !session_->receive(got.substr(seen_)).has_value();
    seen_ = got.size();
    while (session_->take_output(room) != 0) {
    }
  }
  void on_request(http::StreamId stream, http::H2Head& head, bool) override {
    require(head.path != "/secret/x" && head.path != "/%73ecret/x");
    for (const http::Field& field : head.fields) require(field.name != "authorization" || field.value != "NTLM TlRM");
    H2Head answer;
    answer.status = 200;
    session_->respond(stream, answer, true);
  }
  void on_data(http::StreamId stream, std::string_view bytes) override { session_->consumed(stream, bytes.size()); }
  void on_trailers(http::StreamId, http::H2Head&) override {}
  void on_end(http::StreamId) override {}
  void on_reset(http::StreamId, http::H2Code) override {}
  void on_writable(http::StreamId) override {}

 private:
  using H2Head = http::H2Head;
  std::unique_ptr<http::H2Session> session_;
  std::size_t seen_ = 0;
  bool given_up_ = false;
};

struct Scene {
  explicit Scene(SimulatedGateway& of) : gateway(of) {
    site_comes(0);
    client_comes(0);
    client_comes(1);
  }
  SimulatedGateway& gateway;
  std::array<End, 2> clients, sites;
  std::array<std::unique_ptr<Site>, 2> readers{std::make_unique<Site>(), std::make_unique<Site>()};

  void client_comes(std::uint8_t which) {
    clients[which] = End();
    if (auto accepted = gateway.came_in(which, clients[which]))
      net::asio::co_spawn(gateway.worker().executor(), serve_opened(std::move(*accepted), gateway.worker()),
                          net::asio::detached);
    clients[which].sends("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, number(4, 2) + number(1 << 20)));
    turn();
  }
  void site_comes(std::uint8_t which) {
    Worker& worker = gateway.worker();
    auto [near, far] = SimulatedGateway::pair();
    sites[which] = std::move(far);
    readers[which] = std::make_unique<Site>();
    const Inside inside{.host = *names::Host::parse("web.example"), .to = {"web.example", 443}};
    H2Upstream::start(worker, net::Socket(worker.executor(), worker.deadlines(), std::move(near)), pool_key(inside, 0));
    sites[which].sends(frame(SETTINGS, 0, 0, number(8, 2) + number(1) + number(3, 2) + number(20)));
    turn();
  }
  void turn() {
    gateway.turn();
    for (End& each : clients) each.reads();
    for (std::size_t i = 0; i < sites.size(); ++i) {
      sites[i].reads();
      readers[i]->sees(sites[i].got);
    }
    gateway.turn();
  }
};

void step(Scene& scene, Script& script) {
  const std::uint8_t act = script.byte();
  const bool of_client = (act & 1) == 0;
  const std::uint8_t which = (act >> 1) & 1;
  End& peer = of_client ? scene.clients[which] : scene.sites[which];
  const auto stream = [&] { return std::uint32_t(1 + 2 * (script.byte() % 8)); };
  switch ((act >> 2) % 16) {
    case 0:
    case 1: {
      const std::uint32_t on = stream();
      const std::uint8_t head = script.byte();
      const std::uint8_t flags = std::uint8_t(kEndHeaders | ((head & 0x80) != 0 ? kEndStream : 0));
      const std::string_view raw = head % 12 >= 10 ? script.text().substr(0, 100) : std::string_view();
      peer.sends(frame(HEADERS, flags, on, of_client ? request_head(head & 0x7f, raw) : answer_head(head & 0x7f, raw)));
      break;
    }
    case 2: {
      const std::uint32_t on = stream();
      const std::uint8_t size = script.byte();
      peer.sends(frame(DATA, size & 1, on, std::string(std::size_t(size >> 1) * 128, 'd')));
      break;
    }
    case 3: peer.sends(frame(DATA, kEndStream, stream(), "hello")); break;
    case 4: peer.sends(frame(RST, 0, stream(), number(script.byte() % 16))); break;
    case 5:
      peer.sends(frame(WINDOW, 0, script.byte() % 4 * 2 == 0 ? 0 : stream(), number(1u << script.byte() % 32)));
      break;
    case 6: peer.sends(frame(SETTINGS, 0, 0, number(script.byte() % 10, 2) + number(1u << script.byte() % 32))); break;
    case 7: peer.sends(frame(GOAWAY, 0, 0, number(stream()) + number(script.byte() % 14))); break;
    case 8: peer.sends(frame(PING, script.byte() & 1, 0, "12345678")); break;
    case 9: {
      const std::uint8_t kind = script.byte(), flags = script.byte();
      peer.sends(frame(kind, flags, stream(), script.text()));
      break;
    }
    case 10: peer.sends(script.text()); break;
    case 11: peer.closes(); break;
    case 12: peer.paused = !peer.paused; break;
    case 13: of_client ? scene.client_comes(which) : scene.site_comes(which); break;
    case 14: scene.gateway.pass(script.byte()); break;
    default:
      if (which == 0)
        scene.gateway.publish(!of_client);
      else
        peer.finishes_sending();
  }
  scene.turn();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SimulatedGateway& gateway = gateway_for_next_input();
  {
    Scene scene(gateway);
    Script script(data, size);
    for (int steps = 0; !script.over() && steps < 200; ++steps) step(scene, script);
  }
  gateway.must_come_to_an_end();
  return 0;
}
