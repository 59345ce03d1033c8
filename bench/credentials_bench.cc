// The first bell: 500 people sign in within a minute, and the same 500 all at once.
//
// Credentials alone, with a real slapd over StartTLS, and with local accounts (Argon2id). Prints how long each answer
// took.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <latch>
#include <mutex>
#include <thread>
#include <vector>

#include "identity/credentials.h"
#include "identity/password.h"
#include "tests/identity/directory_script.h"

namespace schoolgate::identity {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kPeople = 500;
const std::string kPassword = "three green apples";

std::string user(int i) {
  char name[16];
  std::snprintf(name, sizeof name, "pupil%04d", i);
  return name;
}

void measure(const char* what, Credentials& credentials, std::chrono::microseconds apart) {
  std::vector<double> took(kPeople);
  std::latch done(kPeople);
  int accepted = 0;
  std::mutex mutex;
  const auto begin = Clock::now();
  for (int i = 0; i < kPeople; ++i) {
    std::this_thread::sleep_until(begin + i * apart);
    const auto asked = Clock::now();
    const auto client = names::IpAddress::v4(0x0A140000u + std::uint32_t(i));
    credentials.check_password(user(i), Secret(kPassword), client, [&, i, asked](CredentialAnswer answer) {
      took[std::size_t(i)] = std::chrono::duration<double, std::milli>(Clock::now() - asked).count();
      {
        const std::scoped_lock lock(mutex);
        accepted += answer.kind == CredentialAnswer::Kind::accepted;
      }
      done.count_down();
    });
  }
  done.wait();
  const double all = std::chrono::duration<double>(Clock::now() - begin).count();
  std::ranges::sort(took);
  std::printf("%-44s %3d of %d accepted in %6.2f s; p50 %8.2f ms  p99 %8.2f ms  max %8.2f ms\n", what, accepted,
              kPeople, all, took[kPeople / 2], took[kPeople * 99 / 100], took.back());
}

int main() {
  Script server("directory_server.py", {"--pupils", std::to_string(kPeople)});
  Credentials::Settings settings;
  settings.directory = DirectorySettings{.servers = {"ldap://127.0.0.1:" + server.fact("port")},
                                         .trust = server.fact("trust"),
                                         .bind_dn = server.fact("bind_dn"),
                                         .password_file = server.fact("password_file"),
                                         .base = server.fact("base"),
                                         .schema = DirectorySettings::Schema::openldap};
  const std::string hash = *hash_password(kPassword);
  const auto local = [&](std::string_view) { return std::optional(LocalAccount{.password_hash = hash}); };
  constexpr auto kMinute = std::chrono::microseconds(1min) / kPeople;
  {
    const auto credentials = *Credentials::start(settings, {});
    measure("directory, over a minute", *credentials, kMinute);
    measure("directory, the same again (cached)", *credentials, 0us);
  }
  {
    const auto credentials = *Credentials::start(settings, {});
    measure("directory, all at once", *credentials, 0us);
    server.tell("stop");
    measure("directory stopped, known people", *credentials, 0us);
  }
  {
    const auto credentials = *Credentials::start({}, local);
    measure("local accounts, over a minute", *credentials, kMinute);
  }
  {
    const auto credentials = *Credentials::start({}, local);
    measure("local accounts, all at once", *credentials, 0us);
  }
  return 0;
}

}  // namespace
}  // namespace schoolgate::identity

int main() { return schoolgate::identity::main(); }
