// A worker as a whole: its caps, and how it ends.
#include "proxy/flow/worker.h"
#include "proxy/flow/drain.h"

#include <atomic>
#include <thread>

#include "tests/proxy/flow/conversation.h"

namespace schoolgate::flow::test {
namespace {

using namespace std::literals;

using WorkerTest = Conversation;

TEST_F(WorkerTest, OneDeviceHoldsNoMoreConnectionsThanItsCap) {
  settings.limits.client_connections = 2;
  Peer first = client(), second = client();
  for (Peer* each : {&first, &second}) {
    each->sends(get("casino.example", "/"));
    EXPECT_EQ(each->answer().status, 403);
  }
  EXPECT_NE(client().ending(), Ending::silent);
  EXPECT_EQ(counters().shed_client.get(), 1u);
  Peer neighbour = client_from("127.0.0.2");
  neighbour.sends(get("casino.example", "/"));
  EXPECT_EQ(neighbour.answer().status, 403);

  first.closes();
  wait_until([&] { return counters().connections_open.get() == 2; });
  Peer third = client();
  third.sends(get("casino.example", "/"));
  EXPECT_EQ(third.answer().status, 403);
}

TEST_F(WorkerTest, TheGatewayHoldsNoMoreConnectionsThanItsCap) {
  settings.limits.connections = 1;
  Peer first = client();
  first.sends(get("casino.example", "/"));
  EXPECT_EQ(first.answer().status, 403);
  EXPECT_NE(client_from("127.0.0.2").ending(), Ending::silent);
  EXPECT_EQ(counters().shed_global.get(), 1u);
  first.closes();
  wait_until([&] { return counters().connections_open.get() == 0; });
  Peer next = client();
  next.sends(get("casino.example", "/"));
  EXPECT_EQ(next.answer().status, 403);
}

TEST_F(WorkerTest, ADrainClosesWhatIsIdleAtOnce) {
  settings.limits.drain = 600s;
  Peer pupil = client();
  pupil.sends(get("casino.example", "/"));
  EXPECT_EQ(pupil.answer().status, 403);
  worker_->drain();
  EXPECT_EQ(pupil.ending(), Ending::closed);
  worker_->join();
}

TEST_F(WorkerTest, ADrainLetsADownloadFinish) {
  Peer pupil = client(), idle = client();
  idle.sends(get("casino.example", "/"));
  EXPECT_EQ(idle.answer().status, 403);
  pupil.sends(get("web.example", "/"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/"));
  origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
  static_cast<void>(pupil.read_to("first"));
  worker_->drain();
  EXPECT_EQ(idle.ending(), Ending::closed);
  origin.sends("-last");
  pupil.expects("-last");
  EXPECT_EQ(pupil.ending(), Ending::closed);
  worker_->join();
  EXPECT_EQ(counters().connections_open.get(), 0u);
}

TEST_F(WorkerTest, ADrainServesTheConnectionsThatWereAlreadyWaiting) {
  open();
  Peer pupil = client();
  pupil.sends(get("casino.example", "/"));
  worker_->drain();
  EXPECT_EQ(pupil.answer().status, 403);
  worker_->join();
}

// What a restart may do to a school (the gateway that goes, then the one that comes):
//
//   refuse new connections while a long one ends         the listeners stay until the worker's end
//   wait for a chat or a page that is only being read    a silent tunnel ends at once
//   cut a request or a download that runs                they are waited for, up to the limit
//   wait for a tunnel that moves for ever                ended at the limit
//   leave a school to one worker while others have ended they close together
class Restart : public WorkerTest {
 protected:
  /// A WebSocket from `pupil`; the web site's end of it.
  Peer websocket(Peer& pupil) {
    pupil.sends(request("GET", "web.example", "/chat", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    Peer origin = web.accept();
    static_cast<void>(origin.read_to("\r\n\r\n"));
    origin.sends("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    EXPECT_EQ(pupil.answer().status, 101);
    return origin;
  }
  /// A download of ten bytes, five of which have come; the web site's end of it.
  Peer half_a_download(Peer& pupil) {
    pupil.sends(get("web.example", "/"));
    Peer origin = web.accept();
    origin.expects(forwarded("GET", "web.example", "/"));
    origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
    static_cast<void>(pupil.read_to("first"));
    return origin;
  }
  /// The gateway has begun to end: what is idle is closed.
  void drain() {
    Peer idle = client();
    idle.sends(get("casino.example", "/"));
    EXPECT_EQ(idle.answer().status, 403);
    worker_->drain();
    EXPECT_EQ(idle.ending(), Ending::closed);
  }
};

// Each has a second to ask. Half a second between connecting and asking, over more than a second: the looks at idle
// connections fall in between.
TEST_F(Restart, AConnectionThatCameSinceIsNotTakenForAnIdleOne) {
  settings.limits.drain = 600s;
  Peer pupil = client();
  Peer origin = half_a_download(pupil);
  drain();
  for (int i = 0; i < 4; ++i) {
    Peer next = client();
    std::this_thread::sleep_for(500ms);
    next.sends(get("casino.example", "/"));
    EXPECT_EQ(next.answer().status, 403) << i;
  }
  origin.sends("-last");
  pupil.expects("-last");
  worker_->join();
}

TEST_F(Restart, NewRequestsAreServedForAsLongAsADownloadRuns) {
  settings.limits.drain = 600s;
  Peer pupil = client();
  Peer origin = half_a_download(pupil);
  drain();
  Peer next = client();
  next.sends(get("web.example", "/next"));
  Peer other_origin = web.accept();
  other_origin.expects(forwarded("GET", "web.example", "/next"));
  other_origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  const Answer answer = next.answer();
  EXPECT_EQ(answer.body, "ok");
  EXPECT_TRUE(answer.has("Connection: close"));  // the next request finds whoever serves then
  EXPECT_EQ(next.ending(), Ending::closed);
  origin.sends("-last");
  pupil.expects("-last");
  EXPECT_EQ(pupil.ending(), Ending::closed);
  worker_->join();
}

TEST_F(Restart, ASilentTunnelIsNotWaitedFor) {
  settings.limits.drain = 600s;
  Peer pupil = client();
  Peer origin = websocket(pupil);
  drain();
  EXPECT_NE(pupil.ending(), Ending::silent);
  worker_->join();
}

TEST_F(Restart, AMovingTunnelGoesOnWhereASilentOneEnds) {
  settings.limits.drain = 600s;
  Peer quiet = client();
  Peer quiet_origin = websocket(quiet);
  Peer pupil = client();
  Peer origin = websocket(pupil);
  std::atomic<bool> talks = true;
  std::jthread talking([&] {
    while (talks && origin.tries_to_send("tick")) pupil.expects("tick");
  });
  drain();
  EXPECT_NE(quiet.ending(), Ending::silent);
  talks = false;
  talking.join();
  origin.sends("still here");
  pupil.expects("still here");
  EXPECT_NE(pupil.ending(), Ending::silent);  // as soon as it has fallen silent, too
  worker_->join();
}

TEST_F(Restart, AWorkerThatIsDoneServesUntilTheOthersAre) {
  settings.limits.drain = 600s;
  Peer pupil = client();
  Peer origin = half_a_download(pupil);
  auto second = Worker::make(gateway());
  ASSERT_TRUE(second);
  (*second)->start();
  (*second)->drain();
  drain();
  Peer next = client_of(**second);
  next.sends(get("casino.example", "/"));
  EXPECT_EQ(next.answer().status, 403);
  origin.sends("-last");
  pupil.expects("-last");
  worker_->join();
  (*second)->join();
  EXPECT_ANY_THROW(static_cast<void>(client_of(**second)));
}

TEST_F(WorkerTest, ADrainEndsInTimeWhateverStillRunsAndTellsOfIt) {
  settings.limits.drain = 1s;
  Peer pupil = client();
  pupil.sends(request("GET", "web.example", "/chat", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  Peer origin = web.accept();
  static_cast<void>(origin.read_to("\r\n\r\n"));
  origin.sends("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_EQ(pupil.answer().status, 101);
  stop();
  EXPECT_NE(pupil.ending(), Ending::silent);
  EXPECT_EQ(counters().connections_open.get(), 0u);
  EXPECT_NE(decisions().find(R"("host":"web.example")"), std::string::npos) << decisions();
}

TEST_F(WorkerTest, AHeartbeatIsAnsweredWhileTheLoopRuns) {
  open();
  for (int i = 0; i < 3; ++i) {
    static_cast<void>(worker_->missed_heartbeats());
    wait_until([&] { return worker_->missed_heartbeats() == 0; });
  }
}

TEST_F(WorkerTest, AClientThatNeverReadsIsNotServedForEver) {
  settings.limits.idle = 1s;
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/"));
  std::jthread sending([&] {
    static_cast<void>(origin.tries_to_send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"));
    const std::string part(1 << 20, 'x');
    for (int i = 0; i < 95; ++i)
      if (!origin.tries_to_send(part)) return;
  });
  wait_until([&] { return counters().connections_open.get() == 0; });
}

}  // namespace
}  // namespace schoolgate::flow::test
