// schoolgate user, as a technician types it: in a pipe and at a terminal.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <cstdlib>
#include <filesystem>

#include "identity/desk_sign_in.h"
#include "identity/set_up_links.h"
#include "identity/user_database.h"
#include "identity/users.h"
#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::Ran;
using test::ScratchSchool;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kPassword = "three green apples";

std::unique_ptr<identity::UserDatabase> open_users(const ScratchSchool& school) {
  return identity::UserDatabase::open(school.state()).value();
}

/// The program with one line on its standard input; returns its exit status.
int with_line(const ScratchSchool& school, const std::string& words, const std::string& line) {
  const std::string command = "printf '%s\\n' '" + line + "' | " SCHOOLGATE_BINARY " user " + words + " --config " +
                              school.config().string() + " >/dev/null 2>&1";
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
int add(const ScratchSchool& school, const std::string& user, const std::string& role) {
  return with_line(school, "add " + user + " --name 'Dana Lead' --role " + role, kPassword);
}
bool opens(const ScratchSchool& school, const std::string& user, const std::string& password) {
  return identity::DeskSignIn(*open_users(school))
             .sign_in(user, password, "", *names::IpAddress::parse("10.20.8.5"), wall_now())
             ->kind == identity::SignInAnswer::Kind::accepted;
}

/// Both ends of a new terminal. Where /dev has no terminals (a plain chroot) they come of a file system of our own.
std::pair<int, int> new_terminal(const ScratchSchool& school) {
  int ours = ::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (ours < 0) {
    const auto place = school.state() / "terminals";
    std::filesystem::create_directory(place);
    if (::mount("devpts", place.c_str(), "devpts", 0, "newinstance,ptmxmode=0600") == 0) {
      ours = ::open((place / "ptmx").c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
      ::umount2(place.c_str(), MNT_DETACH);
    }
  }
  int locked = 0;
  EXPECT_EQ(::ioctl(ours, TIOCSPTLCK, &locked), 0);
  return {ours, ::ioctl(ours, TIOCGPTPEER, O_RDWR | O_NOCTTY)};
}

/// The program at a terminal of its own: answers each prompt ("…: ") with the next line; returns all that was seen.
std::pair<int, std::string> at_terminal(const ScratchSchool& school, const char* verb, const char* user,
                                        std::vector<std::string> lines) {
  const auto [terminal, theirs] = new_terminal(school);
  const std::string config = school.config().string();
  const pid_t child = ::fork();
  if (child == 0) {
    if (::login_tty(theirs) != 0) ::_exit(126);
    ::execl(SCHOOLGATE_BINARY, "schoolgate", "user", verb, user, "--config", config.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(theirs);
  std::string seen;
  std::size_t answered = 0;
  char piece[512];
  for (ssize_t got = 0; (got = ::read(terminal, piece, sizeof piece)) > 0;) {
    seen.append(piece, std::size_t(got));
    if (!seen.ends_with(": ") || answered == lines.size()) continue;
    const std::string line = lines[answered++] + "\n";
    EXPECT_EQ(::write(terminal, line.data(), line.size()), ssize_t(line.size()));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(terminal);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, seen};
}

TEST(UserCommand, MakesListsAndSwitchesOff) {
  const ScratchSchool school;
  EXPECT_THAT(school.run({"user", "list"}).out, HasSubstr("setup-link"));
  ASSERT_EQ(add(school, "boss", "administrator"), 0);
  ASSERT_EQ(add(school, "d.lead", "dsl"), 0);
  EXPECT_EQ(add(school, "d.lead", "dsl"), 1);  // is there already
  EXPECT_TRUE(opens(school, "d.lead", kPassword));
  const Ran listed = school.run({"user", "list"});
  EXPECT_THAT(listed.out,
              AllOf(HasSubstr("d.lead"), HasSubstr("dsl"), HasSubstr("Dana Lead"), Not(HasSubstr("argon2"))));
  const Ran json = school.run({"user", "list"}, {"--json"});
  EXPECT_THAT(
      json.out,
      AllOf(
          HasSubstr(
              R"({"user":"boss","name":"Dana Lead","role":"administrator","disabled":false,"second_factor":false,"last_sign_in":null})"),
          Not(HasSubstr("argon2"))));
  EXPECT_EQ(school.run({"user", "disable", "d.lead"}).status, 0);
  EXPECT_FALSE(opens(school, "d.lead", kPassword));
  EXPECT_EQ(school.run({"user", "enable", "d.lead"}).status, 0);
  EXPECT_TRUE(opens(school, "d.lead", kPassword));
  EXPECT_EQ(school.run({"user", "role", "d.lead"}, {"--role", "governor"}).status, 0);
  EXPECT_EQ((*identity::Users(*open_users(school)).find("d.lead"))->role, identity::Role::governor);
  EXPECT_EQ(school.run({"user", "disable", "boss"}).status, 1);  // the only administrator
  EXPECT_THAT(school.run({"user", "disable", "nobody"}).err, HasSubstr("no user nobody"));
}

TEST(UserCommand, APasswordComesFromAPipe) {
  const ScratchSchool school;
  ASSERT_EQ(add(school, "d.lead", "dsl"), 0);
  EXPECT_EQ(with_line(school, "passwd d.lead", "four brown pears"), 0);
  EXPECT_TRUE(opens(school, "d.lead", "four brown pears"));
  EXPECT_EQ(with_line(school, "passwd d.lead", "short"), 1);
  EXPECT_EQ(with_line(school, "passwd d.lead", std::string(5000, 'x')), 1);
  EXPECT_EQ(with_line(school, "passwd d.lead", ""), 1);
  EXPECT_TRUE(opens(school, "d.lead", "four brown pears"));
}

TEST(UserCommand, ATerminalShowsNoPassword) {
  const ScratchSchool school;
  ASSERT_EQ(add(school, "d.lead", "dsl"), 0);
  const auto [status, seen] = at_terminal(school, "passwd", "d.lead", {"four brown pears", "four brown pears"});
  EXPECT_EQ(status, 0) << seen;
  EXPECT_THAT(seen, AllOf(HasSubstr("New password: "), HasSubstr("Again: "), Not(HasSubstr("pears"))));
  EXPECT_TRUE(opens(school, "d.lead", "four brown pears"));
  const auto [differs, said] = at_terminal(school, "passwd", "d.lead", {"four brown pears", "four brown peers"});
  EXPECT_EQ(differs, 1);
  EXPECT_THAT(said, HasSubstr("not the same"));
}

TEST(UserCommand, APasswordIsNoArgument) {
  const ScratchSchool school;
  EXPECT_EQ(school.run({"user", "passwd", "d.lead", kPassword}).status, 2);
  EXPECT_EQ(school.run({"user", "passwd", "d.lead"}, {"--password", kPassword}).status, 2);
}

TEST(UserCommand, TheFirstLinkMakesTheFirstAdministrator) {
  const ScratchSchool school;
  const Ran ran = school.run({"user", "setup-link"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("https://"), HasSubstr("it makes an administrator")));
  const std::string token = ran.out.substr(ran.out.find("/set-up/") + 8, 64);
  ASSERT_TRUE(
      identity::SetUpLinks(*open_users(school)).use(token, "boss", "The Boss", kPassword, wall_now()).has_value());
  EXPECT_TRUE(opens(school, "boss", kPassword));
  EXPECT_THAT(school.run({"user", "set-up-link", "boss"}).out, HasSubstr("sets the password of boss"));
  EXPECT_EQ(school.run({"user", "setup-link", "nobody"}).status, 1);
}

TEST(UserCommand, WrongUsageIsTwo) {
  const ScratchSchool school;
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"user", "remove", "d.lead"}, {"user", "disable"}, {"user", "add", "d.lead"}, {"user", "list", "a", "b"}})
    EXPECT_EQ(school.run(words).status, 2) << words[1];
  EXPECT_EQ(school.run({"user", "add", "d.lead"}, {"--role", "emperor", "--name", "E"}).status, 2);
  EXPECT_EQ(school.run({"user", "role", "d.lead"}, {"--role", ""}).status, 2);
  EXPECT_EQ(test::run_schoolgate({"user", "list"}).status, 2);
  EXPECT_EQ(test::run_schoolgate({"user"}).status, 2);
}

}  // namespace
}  // namespace schoolgate::app
