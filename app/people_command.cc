// schoolgate people: accounts, classes, visitors, and the register of who has access.
#include <charconv>

#include "app/arguments.h"
#include "app/read_password.h"
#include "app/register_school.h"
#include "identity/access_register.h"
#include "identity/accounts.h"
#include "identity/classes.h"
#include "identity/password.h"
#include "identity/terms_record.h"
#include "identity/visits.h"
#include "identity/wrong_passwords.h"
#include "portal/pictures.h"

namespace schoolgate::app {
namespace {

using identity::AccessRegister;
using identity::Account;
using identity::Accounts;
using identity::Classes;
using identity::PersonRole;
using identity::TermsRecord;
using identity::Visits;
using identity::WrongPasswords;

constexpr std::string_view kPeopleHelp =
    R"(schoolgate people add USER        --config DIR [--name N] [--role pupil|staff] [--groups A,B]
                                  [--from T] [--until T] [--no-password]
schoolgate people add class:CODE  --config DIR --picture P --groups G [--title T]
schoolgate people add visitor     --config DIR --name N --host H --purpose P --until T [--from T]
schoolgate people password USER   --config DIR
schoolgate people remove WHO      --config DIR [--why TEXT]      WHO: USER, class:CODE or visitor:NUMBER
schoolgate people list [WHAT]     --config DIR [--csv | --json]  WHAT: accounts (default), classes, visitors, terms,
                                                                 wrong-passwords
schoolgate people register        --config DIR [--open] [--csv | --json]

The people whose access is filtered: accounts that the school keeps here and not in its directory, classes that sign in
by a picture, and visitors. (Accounts of the desk: schoolgate user.) All of it works beside a running gateway, which
takes changes within seconds: a removed person is signed out.

add        makes the account, class or visit, or changes the account or class of that name. A visitor gets a code to
           type at the sign-in page.
password   sets the password; it is asked for on a terminal, else it is the first line of standard input.
remove     closes the access. Rows of the register stay, with the reason.
register   the written record of granted access: person, role, group, author, beginning, end and the reason for the end.
           Print it as it is, or as CSV for a spreadsheet.

  --groups A,B   groups of policy.yaml under `members: groups`
  --no-password  Year 1: the name is enough, and records say "class" for how sure that is
  --from, --until T   RFC 3339, "15:30", "2026-12-18" or "2026-12-18 15:30" in the site's time
  --by NAME      the author, if it is not the user of this machine
  --open         only what is open now
  --csv, --json  for machines; a terminal gets columns in the site's time
)";

int usage(std::string what, std::string next = {}) {
  return usage_error(kPeopleCommand, {Fault::client, std::move(what), std::move(next)});
}

/// A wrong word is wrong usage; a disk that fails is a problem.
int report_or_usage(const Error& error) {
  return error.fault == Fault::client ? usage_error(kPeopleCommand, error) : report(error);
}

int add_class(RegisterSchool& school, std::string_view code, const Arguments& arguments) {
  for (const char* option : {"--picture", "--groups"})
    if (!arguments.has(option)) return usage(std::string(option) + " is missing");
  if (!portal::is_picture(arguments.get("--picture"))) {
    std::string known;
    for (const portal::Picture& picture : portal::pictures()) (known += known.empty() ? "" : ", ") += picture.id;
    return usage("the sign-in page has no picture '" + arguments.get("--picture") + "'", "it has " + known);
  }
  const auto put =
      Classes(*school.people)
          .put({std::string(code), arguments.get("--title"), arguments.get("--picture"), arguments.get("--groups")});
  if (!put) return report_or_usage(put.error());
  print("class " + std::string(code) + " signs in with the picture '" + arguments.get("--picture") + "'\n");
  return kDone;
}

int add_visitor(RegisterSchool& school, const Arguments& arguments, std::optional<TimePoint> from,
                std::optional<TimePoint> until) {
  if (!until) return usage("--until T is missing");
  const TimePoint now = wall_now();
  const auto visit = Visits(*school.people)
                         .add({.name = arguments.get("--name"),
                               .host = arguments.get("--host"),
                               .purpose = arguments.get("--purpose"),
                               .from = from.value_or(now),
                               .until = *until,
                               .closed = {}},
                              true, school.by, now);
  if (!visit) return report_or_usage(visit.error());
  print(visit->user() + ", " + visit->name + ", until " + school.times().show(visit->until) +
        "\ncode for the sign-in page: " + visit->code.substr(0, 4) + '-' + visit->code.substr(4) + '\n');
  return kDone;
}

int add_account(RegisterSchool& school, const std::string& user, const Arguments& arguments,
                std::optional<TimePoint> from, std::optional<TimePoint> until) {
  const auto before = Accounts(*school.people).find(user);
  if (!before) return report(before.error());
  Account account = before->value_or(Account{.user = user, .valid_from = {}, .valid_until = {}});
  account.disabled = false;
  if (arguments.has("--name")) account.name = arguments.get("--name");
  if (arguments.has("--groups")) account.groups = comma_list(arguments.get("--groups"));
  if (from) account.valid_from = from;
  if (until) account.valid_until = until;
  if (arguments.has("--role")) {
    const auto role = identity::person_role_of(arguments.get("--role"));
    if (!role || *role == PersonRole::visitor) return usage("--role is pupil or staff", "visitors: people add visitor");
    account.role = *role;
  }
  if (arguments.has("--no-password")) account.no_password = true;
  const auto put = Accounts(*school.people).put(account, school.by, wall_now());
  if (!put) return report_or_usage(put.error());
  std::string text = std::string(*before ? "changed " : "added ") + user + '\n';
  if (!account.no_password && account.password_hash.empty())
    text += "no password yet: schoolgate people password " + user + " --config " + arguments.get("--config") + '\n';
  print(text);
  return kDone;
}

int set_password(RegisterSchool& school, const std::string& user) {
  const auto account = Accounts(*school.people).find(user);
  if (!account) return report(account.error());
  if (!*account) return report({Fault::client, "there is no account '" + user + "'", "add it: schoolgate people add"});
  const auto password = read_new_password();
  if (!password) return report(password.error());
  if (password->empty()) return report({Fault::client, "there is no password on standard input", {}});
  if (const auto weak = identity::weakness_of(password->view(), user)) return report({Fault::client, *weak, {}});
  const auto hash = identity::hash_password(password->view());
  if (!hash) return report(hash.error());
  if (const auto set = Accounts(*school.people).set_password_hash(user, *hash); !set) return report(set.error());
  print("password of " + user + " set\n");
  return kDone;
}

int remove(RegisterSchool& school, std::string_view who, const Arguments& arguments) {
  const std::string why = arguments.get("--why", "removed");
  const TimePoint now = wall_now();
  const auto done = [&]() -> Result<void> {
    if (who.starts_with("class:")) {
      if (auto removed = Classes(*school.people).remove(who.substr(6)); !removed) return removed;
      return AccessRegister(*school.people).close(who, why, school.by, now);
    }
    if (who.starts_with("visitor:")) {
      std::int64_t id = 0;
      const char* end = who.data() + who.size();
      if (std::from_chars(who.data() + 8, end, id).ptr != end)
        return fail(Fault::client, "'" + std::string(who) + "' is no visitor", "e.g. visitor:12");
      return Visits(*school.people).close(id, why, school.by, now);
    }
    return Accounts(*school.people).close(who, why, school.by, now);
  }();
  if (!done) return report(done.error());
  print("closed " + std::string(who) + "\n");
  return kDone;
}

identity::RegisterTable wrong_passwords_table(const std::vector<identity::WrongPasswordCount>& counts,
                                              const identity::RegisterTimes& times) {
  identity::RegisterTable table{.columns = {"Account", "Wrong passwords", "Last", "From address"},
                                .keys = {"user", "count", "last", "from"},
                                .rows = {}};
  for (const auto& one : counts)
    table.rows.push_back({one.user, std::to_string(one.count), times.show ? times.show(one.last) : to_rfc3339(one.last),
                          one.from.text()});
  return table;
}

int list(RegisterSchool& school, std::string_view what, const Arguments& arguments) {
  const TimePoint now = wall_now();
  const auto times = arguments.has("--json") ? identity::RegisterTimes{} : school.times();
  const auto show = [&](const auto& rows, auto table_of, std::string_view title) {
    return rows ? print_table(table_of(*rows), arguments, title) : report(rows.error());
  };
  identity::PeopleDatabase& people = *school.people;
  if (what == "accounts")
    return show(Accounts(people).all(), [&](const auto& rows) { return accounts_table(rows, now, times); }, "Accounts");
  if (what == "classes")
    return show(Classes(people).all(), [](const auto& rows) { return classes_table(rows); }, "Classes");
  if (what == "visitors")
    return show(Visits(people).all(), [&](const auto& rows) { return visits_table(rows, now, times); }, "Visitors");
  if (what == "wrong-passwords")
    return show(
        WrongPasswords(people).all(), [&](const auto& rows) { return wrong_passwords_table(rows, times); },
        "Wrong passwords since the last right one");
  if (what != "terms") return usage("there is no list '" + std::string(what) + "'");
  if (const auto whole = TermsRecord(people).verify(); !whole) return report(whole.error());
  return show(
      TermsRecord(people).all(), [&](const auto& rows) { return terms_table(rows, times); },
      "Answers to the terms of use (the record is whole)");
}

int print_register(RegisterSchool& school, const Arguments& arguments) {
  const TimePoint now = wall_now();
  const auto times = arguments.has("--json") ? identity::RegisterTimes{} : school.times();
  const auto rows = AccessRegister(*school.people).rows(arguments.has("--open") ? std::optional(now) : std::nullopt);
  if (!rows) return report(rows.error());
  return print_table(register_table(*rows, now, times), arguments,
                     school.school + "\nRegister of access to the internet, " + school.times().show(now) + "\n");
}

int add_entry(RegisterSchool& school, const std::string& who, const Arguments& arguments) {
  const auto from = school.time(arguments, "--from"), until = school.time(arguments, "--until");
  if (!from) return usage_error(kPeopleCommand, from.error());
  if (!until) return usage_error(kPeopleCommand, until.error());
  if (who == "visitor") return add_visitor(school, arguments, *from, *until);
  if (who.starts_with("class:")) return add_class(school, std::string_view(who).substr(6), arguments);
  return add_account(school, who, arguments, *from, *until);
}

int people(std::span<const std::string_view> words) {
  const auto arguments =
      Arguments::read(words, {.options = {"--config", "--name", "--role", "--groups", "--from", "--until", "--title",
                                          "--picture", "--host", "--purpose", "--why", "--by"},
                              .switches = {"--no-password", "--open", "--csv", "--json"},
                              .least_words = 1,
                              .most_words = 2});
  if (!arguments) return usage_error(kPeopleCommand, arguments.error());
  const std::string& verb = arguments->words()[0];
  const bool has_object = arguments->words().size() == 2;
  const std::string object = has_object ? arguments->words()[1] : "";
  const bool needs_object = verb == "add" || verb == "password" || verb == "remove";
  if (!needs_object && verb != "list" && verb != "register") return usage("there is no 'people " + verb + "'");
  if (needs_object && !has_object) return usage("'people " + verb + "' needs a name");
  if (verb == "register" && has_object) return usage("'people register' takes no name");
  if (arguments->has("--csv") && arguments->has("--json")) return usage("--csv or --json, not both");

  int status = kDone;
  const auto use = needs_object ? RegisterUse::change : RegisterUse::ask;
  auto school = open_register(kPeopleCommand, *arguments, use, status);
  if (!school) return status;
  if (verb == "add") return add_entry(*school, object, *arguments);
  if (verb == "password") return set_password(*school, object);
  if (verb == "remove") return remove(*school, object, *arguments);
  if (verb == "list") return list(*school, has_object ? object : "accounts", *arguments);
  return print_register(*school, *arguments);
}

}  // namespace

const Command kPeopleCommand{"people", "accounts, classes, visitors, and the register of access", kPeopleHelp, people};

}  // namespace schoolgate::app
