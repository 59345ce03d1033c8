#include <gtest/gtest.h>
#include <sys/wait.h>

#include "identity/accounts.h"
#include "identity/classes.h"
#include "identity/password.h"
#include "identity/people_database.h"
#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::Ran;
using test::ScratchSchool;

std::unique_ptr<identity::PeopleDatabase> open(const ScratchSchool& school) {
  return identity::PeopleDatabase::open(school.state()).value();
}

TEST(PeopleCommand, AnAccountIsAddedListedAndRemoved) {
  const ScratchSchool school;
  const Ran added = school.run({"people", "add", "amelia.hughes"},
                               {"--name", "Amelia Hughes", "--groups", "year6, choir", "--by", "office"});
  EXPECT_EQ(added.status, 0) << added.err;
  EXPECT_TRUE(added.out.contains("added amelia.hughes")) << added.out;
  EXPECT_TRUE(added.out.contains("no password yet")) << added.out;
  const Ran listed = school.run({"people", "list"});
  EXPECT_TRUE(listed.out.contains("amelia.hughes")) << listed.out;
  EXPECT_TRUE(listed.out.contains("year6, choir")) << listed.out;
  EXPECT_TRUE(listed.out.contains("not set")) << listed.out;

  EXPECT_EQ(school.run({"people", "remove", "amelia.hughes"}, {"--why", "left the school", "--by", "office"}).status,
            0);
  const Ran printed = school.run({"people", "register"});
  EXPECT_EQ(printed.status, 0) << printed.err;
  EXPECT_TRUE(printed.out.contains("Register of access to the internet")) << printed.out;
  EXPECT_TRUE(printed.out.contains("left the school")) << printed.out;
  EXPECT_TRUE(school.run({"people", "register"}, {"--open"}).out.contains("(none)"));
  EXPECT_TRUE(identity::Accounts(*open(school)).find("amelia.hughes").value()->disabled);
}

TEST(PeopleCommand, AnAccountThatIsThereIsChangedInPart) {
  const ScratchSchool school;
  ASSERT_EQ(school.run({"people", "add", "ida"}, {"--name", "Ida", "--groups", "year1", "--no-password"}).status, 0);
  const Ran changed = school.run({"people", "add", "ida"}, {"--groups", "year2"});
  EXPECT_EQ(changed.out, "changed ida\n");
  const auto account = identity::Accounts(*open(school)).find("ida").value().value();
  EXPECT_EQ(account.name, "Ida");
  EXPECT_EQ(account.groups, std::vector<std::string>{"year2"});
  EXPECT_TRUE(account.no_password);
}

TEST(PeopleCommand, ThePasswordComesFromStandardInputOnly) {
  const ScratchSchool school;
  ASSERT_EQ(school.run({"people", "add", "amelia"}, {"--groups", "year6"}).status, 0);
  const auto give = [&](std::string_view word) {
    const std::string command = "printf '%s\\n' '" + std::string(word) +
                                "' | " SCHOOLGATE_BINARY " people password amelia --config " +
                                school.config().string() + " >/dev/null 2>&1";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  EXPECT_EQ(give("kestrel-pond-17"), 0);
  EXPECT_TRUE(identity::verify_password(identity::Accounts(*open(school)).find("amelia").value()->password_hash,
                                        "kestrel-pond-17"));
  EXPECT_EQ(give("short"), 1);
  EXPECT_EQ(give(""), 1);
  EXPECT_TRUE(identity::verify_password(identity::Accounts(*open(school)).find("amelia").value()->password_hash,
                                        "kestrel-pond-17"));
}

TEST(PeopleCommand, ClassesAndVisitors) {
  const ScratchSchool school;
  EXPECT_EQ(school.run({"people", "add", "class:robins"}, {"--title", "Robins", "--picture", "owl", "--groups", "eyfs"})
                .status,
            0);
  EXPECT_TRUE(school.run({"people", "list", "classes"}).out.contains("owl"));
  const Ran visitor = school.run({"people", "add", "visitor"}, {"--name", "Jo Bloggs", "--host", "Mrs Oak", "--purpose",
                                                                "reading", "--until", "2099-12-18 15:30"});
  EXPECT_EQ(visitor.status, 0) << visitor.err;
  EXPECT_TRUE(visitor.out.contains("visitor:1, Jo Bloggs, until 2099-12-18 15:30")) << visitor.out;
  EXPECT_TRUE(visitor.out.contains("code for the sign-in page: ")) << visitor.out;
  EXPECT_EQ(school.run({"people", "remove", "visitor:1"}).status, 0);
  EXPECT_EQ(school.run({"people", "remove", "visitor:1"}).status, 1);
  EXPECT_EQ(school.run({"people", "remove", "class:robins"}).status, 0);
  EXPECT_EQ(identity::Classes(*open(school)).all()->size(), 0u);
}

TEST(PeopleCommand, TheRegisterForMachines) {
  const ScratchSchool school;
  ASSERT_EQ(school.run({"people", "add", "amelia"}, {"--groups", "year6", "--by", "office"}).status, 0);
  const Ran csv = school.run({"people", "register"}, {"--csv"});
  EXPECT_TRUE(csv.out.starts_with("No.,Account,Name,Role,Group,Granted by,From,To,State,")) << csv.out;
  const Ran json = school.run({"people", "register"}, {"--json"});
  EXPECT_TRUE(json.out.starts_with(
      R"([{"id":"1","user":"amelia","name":"","role":"pupil","group":"year6","granted_by":"office",)"))
      << json.out;
  EXPECT_EQ(school.run({"people", "list", "terms"}, {"--json"}).out, "[]\n");
  EXPECT_EQ(school.run({"people", "list", "wrong-passwords"}, {"--json"}).out, "[]\n");
}

TEST(PeopleCommand, WrongWordsAreWrongUsage) {
  const ScratchSchool school;
  EXPECT_EQ(school.run({"people", "add"}).status, 2);
  EXPECT_EQ(school.run({"people", "fly", "amelia"}).status, 2);
  EXPECT_EQ(school.run({"people", "add", "Amelia Hughes"}, {"--groups", "year6"}).status, 2);
  EXPECT_EQ(school.run({"people", "add", "oak"}, {"--role", "king"}).status, 2);
  EXPECT_EQ(school.run({"people", "add", "oak"}, {"--until", "soon"}).status, 2);
  EXPECT_EQ(school.run({"people", "add", "visitor"}, {"--name", "Jo"}).status, 2);
  EXPECT_EQ(school.run({"people", "add", "class:robins"}, {"--groups", "eyfs"}).status, 2);
  EXPECT_EQ(school.run({"people", "add", "class:robins"}, {"--groups", "eyfs", "--picture", "dragon-slayer"}).status,
            2);
  EXPECT_EQ(school.run({"people", "list", "everything"}).status, 2);
  EXPECT_EQ(school.run({"people", "list"}, {"--csv", "--json"}).status, 2);
  EXPECT_EQ(test::run_schoolgate({"people", "list"}).status, 2);
  EXPECT_EQ(school.run({"people", "remove", "nobody"}).status, 1);
  EXPECT_EQ(school.run({"people", "password", "nobody"}).status, 1);
}

}  // namespace
}  // namespace schoolgate::app
