// schoolgate changes: a change of the configuration from its proposal to its being in force, and back.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <utility>

#include "app/act_as_owner.h"
#include "app/change_work.h"
#include "app/command.h"
#include "app/load_policy.h"
#include "app/own_lists.h"
#include "app/prove_person.h"
#include "app/read_configuration.h"
#include "app/table.h"
#include "base/json.h"
#include "breaches/audit_log.h"
#include "breaches/line_diff.h"
#include "changes/put_in_place.h"
#include "config/load_texts.h"
#include "config/scalars.h"
#include "identity/users.h"
#include "store/only_ask.h"
#include "store/state_key.h"

namespace schoolgate::app {
namespace {

using changes::Actor;
using changes::ChangedPart;
using changes::FileTexts;
using changes::Ledger;
using changes::Proposal;
using changes::ProposalEvent;
using changes::ProposedFile;
using What = ProposalEvent::What;

constexpr std::string_view kChangesHelp =
    R"(schoolgate changes list [--json] --config DIR
schoolgate changes show N [--json] --config DIR
schoolgate changes diff N --config DIR
schoolgate changes propose --proposed DIR --reason TEXT [--risk-assessment REF] [--review DATE] [--by USER] --config DIR
schoolgate changes approve N --by USER [--reason TEXT] --config DIR
schoolgate changes reject N --by USER --reason TEXT --config DIR
schoolgate changes apply N [--by USER] --config DIR
schoolgate changes revert N --reason TEXT [--risk-assessment REF] [--by USER] --config DIR

A change of the configuration in DIR: proposed with a reason, agreed to by those whose consent it needs, put in force,
and taken back, which is a change too.

propose   --proposed is a copy of DIR with the changes. Prints what they mean and whose consent they need.
approve   USER agrees. Nobody agrees to their own; whose consent counts is written under `changes:` in policy.yaml.
reject    USER refuses, with a reason.
apply     puts it in force: refused while a consent is missing, where a file has changed since it was proposed (the
          difference is printed), and where a reload would refuse it. Tells the running gateway.
revert    proposes the opposite, and applies it at once where no consent is missing.
          Both finish first what a power cut left, and say so.

USER is an account of the desk (schoolgate user); the password is asked for on the terminal, or is the first line of
standard input. Without --by it is recorded as done by hand, by root or the owner of the state folder.
)";

FileTexts texts_of(const config::Configuration& configuration) {
  return {configuration.files.begin(), configuration.files.end()};
}

config::Loaded load_texts(const std::string& folder, const FileTexts& files) {
  std::vector<std::pair<std::string, std::string>> in_order;
  // As the loader reads them: rules last, by name.
  for (const std::string_view name : {"schoolgate.yaml", "policy.yaml", "categories.yaml", "lists.yaml", "alerts.yaml"})
    if (const auto file = files.find(std::string(name)); file != files.end()) in_order.emplace_back(*file);
  for (const auto& file : files)
    if (file.first.starts_with("rules/")) in_order.emplace_back(file);
  return config::load_texts(folder, std::move(in_order), {});
}

std::vector<ProposedFile> differences(const FileTexts& before, const FileTexts& after) {
  std::vector<ProposedFile> files;
  std::map<std::string, bool> names;
  for (const auto& file : before) names[file.first];
  for (const auto& file : after) names[file.first];
  const auto in = [](const FileTexts& all, const std::string& name) {
    const auto found = all.find(name);
    return found == all.end() ? std::optional<std::string>() : std::optional(found->second);
  };
  for (const auto& name : names)
    if (in(before, name.first) != in(after, name.first))
      files.push_back({name.first, in(before, name.first), in(after, name.first)});
  return files;
}

std::string name_of(const Actor& actor) {
  return actor.is_by_hand() ? "by hand (" + actor.machine_user + ")" : actor.account;
}

/// Everything that a verb needs. One thread, one command. It works as the owner of the state folder (AsOwner).
class Desk {
 public:
  Desk(std::string folder, config::Configuration now_there, std::optional<changes::Finished> finished)
      : folder_(std::move(folder)),
        there_(std::move(now_there)),
        state_(there_.settings.state),
        changes_(state_ / "changes"),
        finished_(finished) {}

  int propose(const Arguments& arguments);
  int consent(const Arguments& arguments, std::uint64_t number, What what);
  int apply(const Arguments& arguments, std::uint64_t number);
  int revert(const Arguments& arguments, std::uint64_t number);
  int list(bool as_json);
  int show(std::uint64_t number, bool as_json);
  int diff(std::uint64_t number);

 private:
  struct Consents {
    std::vector<std::string> missing;
    std::string note;
  };
  Result<Actor> actor(const Arguments& arguments);
  Result<Consents> consents(const Proposal& proposal, const std::vector<ChangedPart>& parts);
  Result<std::vector<ChangedPart>> meaning(const Proposal& proposal) const;
  Result<void> look_for(std::uint64_t number);
  Result<ChangeWork> begin_work();
  bool read_anew();
  int put_in_force(ChangeWork& work, const Proposal& proposal, const Actor& by);
  std::optional<int> tell_finished_first(const std::function<bool(const Proposal&)>& is_it);
  std::string pseudonym(const std::string& account) const;
  std::string message_for(const Proposal& proposal, const std::vector<ChangedPart>& parts, const Actor& by) const;

  std::string folder_;
  config::Configuration there_;
  std::filesystem::path state_, changes_;
  std::optional<changes::Finished> finished_;  ///< and not told yet
};

/// Whoever typed the command, without an account.
Actor by_hand() {
  const breaches::MachineUser user = breaches::current_user();
  Actor actor{.machine_user = user.name.empty() ? std::to_string(user.uid) : user.name};
  if (!user.sudo_user.empty()) actor.machine_user += " (sudo: " + user.sudo_user + ")";
  return actor;
}

Result<Actor> Desk::actor(const Arguments& arguments) {
  Actor actor = by_hand();
  if (!arguments.has("--by")) return actor;
  auto users = identity::UserDatabase::open(state_);
  if (!users) return std::unexpected(std::move(users.error()));
  auto account = prove_person(**users, arguments.get("--by"), wall_now());
  if (!account) return std::unexpected(std::move(account.error()));
  actor.account = std::move(*account);
  return actor;
}

Result<Desk::Consents> Desk::consents(const Proposal& proposal, const std::vector<ChangedPart>& parts) {
  std::map<std::string, std::string, std::less<>> roles;
  {
    auto users = identity::UserDatabase::open(state_);
    if (!users) return std::unexpected(std::move(users.error()));
    const auto all = identity::Users(**users).all();
    if (!all) return std::unexpected(all.error());
    for (const identity::User& user : *all)
      if (!user.disabled) roles.emplace(user.user, identity::to_string(user.role));
  }
  const auto role_now = [&](std::string_view account) -> std::optional<std::string> {
    const auto found = roles.find(account);
    return found == roles.end() ? std::nullopt : std::optional(found->second);
  };
  Consents found{.missing = missing_consents(proposal, parts, config::change_rules_of(there_), role_now)};
  if (!found.missing.empty() && roles.size() <= 1 && standing_refusals(proposal, role_now).empty()) {
    found.missing.clear();
    found.note = "no consent is asked for while the school has one account at most";
  }
  return found;
}

/// Of the files of the proposal, among those that are there now.
Result<std::vector<ChangedPart>> Desk::meaning(const Proposal& proposal) const {
  const config::Loaded before = load_texts(folder_, with_files(texts_of(there_), proposal.files, false));
  const config::Loaded after = load_texts(folder_, with_files(texts_of(there_), proposal.files, true));
  for (const config::Loaded* const one : {&before, &after})
    if (!one->configuration)
      return fail(Fault::config, one->problems.empty() ? "it cannot be read" : one->problems.front().text());
  return changes::meaning_of(*before.configuration, *after.configuration);
}

std::string Desk::pseudonym(const std::string& account) const {
  if (account.empty()) return "by-hand";
  const auto key = store::StateKey::load(state_);  // the first start makes it
  if (!key) return "unknown";
  return to_hex(key->sign("changes account", account)).substr(0, 16);
}

std::string Desk::message_for(const Proposal& proposal, const std::vector<ChangedPart>& parts, const Actor& by) const {
  std::string message = "Change " + std::to_string(proposal.number) +
                        (proposal.takes_back != 0 ? ", which takes back " + std::to_string(proposal.takes_back) : "") +
                        "\n\n";
  for (const ChangedPart& part : parts) message += part.sentence + ".\n";
  message +=
      "\nProposal: " + std::to_string(proposal.number) + "\nAuthor: " + pseudonym(proposal.author.account) + "\n";
  for (const ProposalEvent& event : proposal.events)
    if (event.what == What::agree) message += "Consent: " + pseudonym(event.by.account) + "\n";
  return message + "Applied-by: " + pseudonym(by.account) + "\n";
}

void print_parts(const std::vector<ChangedPart>& parts) {
  std::string out;
  for (const ChangedPart& part : parts)
    out += "  " + std::string(config::kChangeKinds[std::size_t(part.kind)]) + ": " + part.sentence + "\n";
  if (parts.empty()) out = "  text only: nothing is decided otherwise\n";
  print(out);
}

void print_consents(const std::vector<std::string>& missing, const std::string& note) {
  std::string out;
  for (const std::string& one : missing) out += "  needs " + one + "\n";
  if (missing.empty()) out = "  no consent is missing\n";
  if (!note.empty()) out = "  " + note + "\n";
  print(out);
}

int Desk::propose(const Arguments& arguments) {
  config::Loaded loaded = config::load_copy(arguments.get("--proposed"), folder_);
  if (!loaded.configuration) return report(loaded.problems);
  Proposal proposal{.at = wall_now(),
                    .reason = arguments.get("--reason"),
                    .risk_assessment = arguments.get("--risk-assessment"),
                    .files = differences(texts_of(there_), texts_of(*loaded.configuration))};
  if (arguments.has("--review")) {
    proposal.review = config::parse_date(arguments.get("--review"));
    if (!proposal.review)
      return usage_error(kChangesCommand, {Fault::client, "--review is a date, such as 2026-12-18", {}});
  }
  const std::vector<ChangedPart> parts = changes::meaning_of(there_, *loaded.configuration);
  warn_of_own_lists(arguments.get("--proposed"), folder_, *loaded.configuration);
  if (auto tried = policy_from(std::move(loaded), folder_, wall_now(), RefusedLists::refuse_all, ListUse::ask); !tried)
    return report(tried.error());
  const auto owner = AsOwner::begin(state_);  // from here on: the copy may be readable to root alone
  if (!owner) return report(owner.error());
  auto by = actor(arguments);
  if (!by) return report(by.error());
  proposal.author = std::move(*by);
  const auto needed = consents(proposal, parts);
  if (!needed) return report(needed.error());
  auto ledger = Ledger::open(changes_);
  if (!ledger) return report(ledger.error());
  const auto number = ledger->add(proposal);
  if (!number) return report(number.error());
  print("change " + std::to_string(*number) + " is proposed\n");
  print_parts(parts);
  print_consents(needed->missing, needed->note);
  return kDone;
}

int Desk::consent(const Arguments& arguments, std::uint64_t number, What what) {
  auto by = actor(arguments);
  if (!by) return report(by.error());
  if (auto there = look_for(number); !there) return report(there.error());
  auto ledger = Ledger::open(changes_);
  if (!ledger) return report(ledger.error());
  const auto proposal = ledger->find(number);
  if (!proposal) return report(proposal.error());
  if (proposal->is_applied())
    return report(Error{Fault::client, "change " + std::to_string(number) + " is in force already",
                        "schoolgate changes revert takes it back"});
  if (what == What::agree && is_own(*proposal, *by))
    return report(Error{Fault::client, "nobody agrees to their own change",
                        proposal->author.is_by_hand()
                            ? "it was proposed by hand as " + proposal->author.machine_user + "; propose it with --by"
                            : ""});
  if (auto noted =
          ledger->add_event(number, {.at = wall_now(), .by = *by, .what = what, .text = arguments.get("--reason")});
      !noted)
    return report(noted.error());
  print("change " + std::to_string(number) +
        (what == What::agree ? ": " + by->account + " agrees\n" : ": " + by->account + " refuses\n"));
  return kDone;
}

/// Everything from the lock on, with what was cut off finished.
Result<ChangeWork> Desk::begin_work() {
  auto work = change_work_in(changes_);
  if (!work) return work;
  auto finished = changes::finish_interrupted(folder_, changes_, work->history, work->ledger, wall_now());
  if (!finished) return std::unexpected(std::move(finished.error()));
  if (*finished) finished_ = *finished;
  return work;
}

/// Under the lock: another change may have come first. False: it said why.
bool Desk::read_anew() {
  config::Loaded now = config::load(folder_);
  if (!now.configuration) return report(now.problems), false;
  there_ = std::move(*now.configuration);
  return true;
}

int Desk::put_in_force(ChangeWork& work, const Proposal& proposal, const Actor& by) {
  auto& [lock, ledger, history] = work;
  const FileTexts files = texts_of(there_);
  bool stale = false;
  for (const ProposedFile& file : proposal.files) {
    const auto found = files.find(file.name);
    const std::string is = found == files.end() ? "" : found->second;
    if (is == file.before.value_or("") && (found != files.end()) == file.before.has_value()) continue;
    stale = true;
    std::fprintf(stderr, "schoolgate: %s has changed since it was proposed:\n%s", file.name.c_str(),
                 breaches::line_diff(file.before.value_or(""), is).c_str());
  }
  if (stale)
    return report(Error{Fault::client,
                        "change " + std::to_string(proposal.number) + " is about files that are no longer so",
                        "propose it again from the files as they are"});
  const auto had_head = history.head();
  if (!had_head) return report(had_head.error());
  const auto by_hand = changes::follow_files(history, files, *had_head ? "By hand\n" : "As found\n", wall_now());
  if (!by_hand) return report(by_hand.error());
  if (*by_hand && *had_head) {
    if (config::change_rules_of(there_).refuse_by_hand)
      std::fputs("schoolgate: files were changed by hand, which policy.yaml refuses; it is in the history\n", stderr);
    else
      print("  files were changed by hand meanwhile; it is in the history\n");
  }
  changes::Placement placement{
      .number = proposal.number, .by = by, .files = proposal.files, .all = with_files(files, proposal.files, true)};
  config::Loaded wanted = load_texts(folder_, placement.all);
  if (!wanted.configuration) return report(wanted.problems);
  const std::vector<ChangedPart> parts = changes::meaning_of(there_, *wanted.configuration);
  const auto needed = consents(proposal, parts);
  if (!needed) return report(needed.error());
  if (!needed->missing.empty()) {
    for (const std::string& one : needed->missing) std::fprintf(stderr, "schoolgate: needs %s\n", one.c_str());
    return report(Error{Fault::client, "change " + std::to_string(proposal.number) + " is not agreed to", {}});
  }
  if (auto tried = policy_from(std::move(wanted), folder_, wall_now(), RefusedLists::refuse_all, ListUse::ask); !tried)
    return report(tried.error());
  placement.message = message_for(proposal, parts, by);
  const auto commit = changes::put_in_place(folder_, changes_, history, ledger, placement, wall_now());
  if (!commit) return report(commit.error());
  print("change " + std::to_string(proposal.number) + " is in place\n");
  print_parts(parts);
  if (!needed->note.empty()) print("  " + needed->note + "\n");
  return tell_gateway(folder_, state_, work, placement);
}

/// Only asks: a number that there is not makes nothing.
Result<void> Desk::look_for(std::uint64_t number) {
  auto ledger = Ledger::open_to_read(changes_);
  if (!ledger) return std::unexpected(std::move(ledger.error()));
  if (!*ledger) return fail(Fault::client, "there is no change " + std::to_string(number));
  auto proposal = (*ledger)->find(number);
  if (!proposal) return std::unexpected(std::move(proposal.error()));
  return {};
}

/// The same before anything is asked for: a wrong number or password must not leave it untold.
std::optional<int> Desk::tell_finished_first(const std::function<bool(const Proposal&)>& is_it) {
  if (!finished_) return std::nullopt;
  auto work = begin_work();
  if (!work) return report(work.error());
  return tell_finished(folder_, state_, *work, *std::exchange(finished_, std::nullopt), by_hand(), is_it);
}

int Desk::apply(const Arguments& arguments, std::uint64_t number) {
  const auto is_it = [&](const Proposal& one) { return one.number == number; };
  if (const auto told = tell_finished_first(is_it)) return *told;
  auto by = actor(arguments);
  if (!by) return report(by.error());
  if (auto there = look_for(number); !there) return report(there.error());
  auto work = begin_work();
  if (!work) return report(work.error());
  if (finished_)
    if (const auto told = tell_finished(folder_, state_, *work, *std::exchange(finished_, std::nullopt), *by, is_it))
      return *told;
  if (!read_anew()) return kProblem;
  const auto proposal = work->ledger.find(number);
  if (!proposal) return report(proposal.error());
  if (proposal->is_applied())
    return report(Error{Fault::client, "change " + std::to_string(number) + " is in force already", {}});
  return put_in_force(*work, *proposal, *by);
}

int Desk::revert(const Arguments& arguments, std::uint64_t number) {
  const auto is_it = [&](const Proposal& one) { return one.takes_back == number; };
  if (const auto told = tell_finished_first(is_it)) return *told;
  auto by = actor(arguments);
  if (!by) return report(by.error());
  if (auto there = look_for(number); !there) return report(there.error());
  auto work = begin_work();
  if (!work) return report(work.error());
  if (finished_)
    if (const auto told = tell_finished(folder_, state_, *work, *std::exchange(finished_, std::nullopt), *by, is_it))
      return *told;
  if (!read_anew()) return kProblem;
  const auto proposal = work->ledger.find(number);
  if (!proposal) return report(proposal.error());
  if (!proposal->is_applied())
    return report(Error{Fault::client, "change " + std::to_string(number) + " is not in force",
                        "schoolgate changes reject refuses it"});
  Proposal back{.at = wall_now(),
                .author = *by,
                .reason = arguments.get("--reason"),
                .risk_assessment = arguments.get("--risk-assessment", proposal->risk_assessment),
                .takes_back = number,
                .files = proposal->files};
  for (ProposedFile& file : back.files) std::swap(file.before, file.after);
  const FileTexts files = texts_of(there_);
  for (const ProposedFile& file : back.files) {
    const auto found = files.find(file.name);
    if (found != files.end() ? file.before == found->second : !file.before) continue;
    std::fprintf(stderr, "schoolgate: other changes stand on it in %s:\n%s", file.name.c_str(),
                 breaches::line_diff(file.before.value_or(""), found == files.end() ? "" : found->second).c_str());
    return report(Error{Fault::client, "change " + std::to_string(number) + " cannot be taken back as a whole",
                        "take back the later ones first, or propose the opposite"});
  }
  const auto added = work->ledger.add(back);
  if (!added) return report(added.error());
  print("change " + std::to_string(*added) + " takes back change " + std::to_string(number) + "\n");
  back.number = *added;
  const auto parts = meaning(back);
  if (!parts) return report(parts.error());
  const auto needed = consents(back, *parts);
  if (!needed) return report(needed.error());
  if (needed->missing.empty()) return put_in_force(*work, back, *by);
  print_parts(*parts);
  print_consents(needed->missing, needed->note);
  return kDone;
}

int Desk::list(bool as_json) {
  auto ledger = Ledger::open_to_read(changes_);
  if (!ledger) return report(ledger.error());
  std::vector<Proposal> all;
  if (*ledger) {
    auto read = (*ledger)->list();
    if (!read) return report(read.error());
    all = std::move(*read);
  }
  if (as_json) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const Proposal& one : all) {
      json.begin_object().field("number", one.number).field("time", to_rfc3339(one.at)).field("state", one.state());
      json.field("author", one.author.account).field("by_hand", one.author.is_by_hand()).field("reason", one.reason);
      json.field("takes_back", one.takes_back).end_object();
    }
    json.end_array();
    print(out + "\n");
    return kDone;
  }
  if (all.empty()) {
    print("No change was proposed yet.\n");
    return kDone;
  }
  Table table;
  table.row({"NUMBER", "STATE", "PROPOSED", "BY", "REASON"});
  for (const Proposal& one : all)
    table.row({std::to_string(one.number), std::string(one.state()), to_rfc3339(one.at).substr(0, 16),
               name_of(one.author),
               (one.takes_back != 0 ? "takes back " + std::to_string(one.takes_back) + ": " : "") + one.reason});
  print(table.text());
  return kDone;
}

int Desk::show(std::uint64_t number, bool as_json) {
  auto ledger = Ledger::open_to_read(changes_);
  if (!ledger) return report(ledger.error());
  if (!*ledger) return report(Error{Fault::client, "there is no change " + std::to_string(number), {}});
  const auto proposal = (*ledger)->find(number);
  if (!proposal) return report(proposal.error());
  const auto parts = meaning(*proposal);
  if (as_json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().field("number", proposal->number).field("time", to_rfc3339(proposal->at));
    json.field("state", proposal->state()).field("author", proposal->author.account);
    json.field("by_hand", proposal->author.is_by_hand()).field("reason", proposal->reason);
    json.field("risk_assessment", proposal->risk_assessment).field("takes_back", proposal->takes_back);
    json.key("files").begin_array();
    for (const ProposedFile& file : proposal->files) json.value(file.name);
    json.end_array().key("parts").begin_array();
    if (parts)
      for (const ChangedPart& part : *parts) {
        json.begin_object()
            .field("kind", config::kChangeKinds[std::size_t(part.kind)])
            .field("sentence", part.sentence);
        json.key("groups").begin_array();
        for (const std::string& group : part.groups) json.value(group);
        json.end_array().end_object();
      }
    json.end_array().key("events").begin_array();
    for (const ProposalEvent& event : proposal->events)
      json.begin_object()
          .field("time", to_rfc3339(event.at))
          .field("by", event.by.account)
          .field("what", changes::to_string(event.what))
          .field("text", event.text)
          .end_object();
    json.end_array().end_object();
    print(out + "\n");
    return kDone;
  }
  std::string out = "change " + std::to_string(number) + ": " + std::string(proposal->state()) + ", proposed " +
                    to_rfc3339(proposal->at).substr(0, 16) + " UTC by " + name_of(proposal->author) +
                    "\n  reason: " + proposal->reason + "\n";
  if (!proposal->risk_assessment.empty()) out += "  risk assessment: " + proposal->risk_assessment + "\n";
  if (proposal->review)
    out += "  to be looked at again on " +
           to_rfc3339(TimePoint(std::chrono::sys_days(*proposal->review))).substr(0, 10) + "\n";
  if (proposal->takes_back != 0) out += "  takes back change " + std::to_string(proposal->takes_back) + "\n";
  print(out);
  if (parts)
    print_parts(*parts);
  else
    print("  what it means cannot be said beside the files as they are: " + parts.error().what + "\n");
  out.clear();
  for (const ProposalEvent& event : proposal->events)
    out += "  " + to_rfc3339(event.at).substr(0, 16) + " " + name_of(event.by) + ": " +
           std::string(changes::to_string(event.what)) + (event.text.empty() ? "" : ", " + event.text) + "\n";
  print(out);
  return kDone;
}

int Desk::diff(std::uint64_t number) {
  auto ledger = Ledger::open_to_read(changes_);
  if (!ledger) return report(ledger.error());
  if (!*ledger) return report(Error{Fault::client, "there is no change " + std::to_string(number), {}});
  const auto proposal = (*ledger)->find(number);
  if (!proposal) return report(proposal.error());
  std::string out;
  for (const ProposedFile& file : proposal->files)
    out += (file.before ? "--- " + file.name : std::string("--- (no file)")) + "\n" +
           (file.after ? "+++ " + file.name : std::string("+++ (no file)")) + "\n" +
           breaches::line_diff(file.before.value_or(""), file.after.value_or(""));
  print(out);
  return kDone;
}

int run_changes(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(
      words, {.options = {"--config", "--proposed", "--reason", "--risk-assessment", "--review", "--by"},
              .switches = {"--json"},
              .least_words = 1,
              .most_words = 2});
  if (!arguments) return usage_error(kChangesCommand, arguments.error());
  const auto wrong = [](std::string what) {
    return usage_error(kChangesCommand, {Fault::client, std::move(what), {}});
  };
  const std::string& verb = arguments->words().front();
  constexpr std::string_view kVerbs[] = {"list", "show", "diff", "propose", "approve", "reject", "apply", "revert"};
  if (std::ranges::find(kVerbs, verb) == std::end(kVerbs)) return wrong("changes does not know '" + verb + "'");
  const bool with_number = verb != "list" && verb != "propose";
  const auto number = arguments->words().size() > 1 ? config::parse_whole(arguments->words()[1]) : std::nullopt;
  if (with_number != (arguments->words().size() > 1) || (with_number && !number))
    return wrong(with_number ? "the number of a change is missing" : verb + " takes no number");
  if (!arguments->has("--config")) return wrong("--config DIR is missing");
  if (verb == "propose" && !arguments->has("--proposed")) return wrong("--proposed DIR is missing");
  if ((verb == "propose" || verb == "reject" || verb == "revert") && arguments->get("--reason").empty())
    return wrong("--reason TEXT is missing");
  if ((verb == "approve" || verb == "reject") && !arguments->has("--by"))
    return wrong("--by USER is missing: a person agrees or refuses, never a shell");
  const bool asks = verb == "list" || verb == "show" || verb == "diff";
  if (asks) store::only_ask();
  std::optional<changes::Finished> finished;
  if (verb == "apply" || verb == "revert") {
    auto done = finish_cut_off(arguments->get("--config"));
    if (!done) return report(done.error());
    finished = *done;
  }
  auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  const std::filesystem::path state = configuration->settings.state;
  Desk desk(arguments->get("--config"), std::move(*configuration), finished);
  if (verb == "list") return desk.list(arguments->has("--json"));
  if (verb == "show") return desk.show(*number, arguments->has("--json"));
  if (verb == "diff") return desk.diff(*number);
  if (verb == "propose") return desk.propose(*arguments);
  const auto owner = AsOwner::begin(state);
  if (!owner) return report(owner.error());
  if (verb == "approve") return desk.consent(*arguments, *number, What::agree);
  if (verb == "reject") return desk.consent(*arguments, *number, What::refuse);
  return verb == "apply" ? desk.apply(*arguments, *number) : desk.revert(*arguments, *number);
}

}  // namespace

const Command kChangesCommand{"changes", "propose, agree to, apply and take back changes", kChangesHelp, run_changes};

}  // namespace schoolgate::app
