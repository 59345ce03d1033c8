// schoolgate changes: a change of the configuration from its proposal to its being in force, and back.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <utility>

#include "app/act_as_owner.h"
#include "app/command.h"
#include "app/cut_off_change.h"
#include "app/own_changes.h"
#include "app/own_lists.h"
#include "app/prove_person.h"
#include "app/read_configuration.h"
#include "app/show_changes.h"
#include "app/table.h"
#include "config/scalars.h"
#include "identity/users.h"
#include "rules/site_clock.h"
#include "rules/site_time.h"
#include "store/only_ask.h"

namespace schoolgate::app {
namespace {

using changes::Actor;
using changes::ChangeControl;
using changes::GatewayAnswer;

constexpr std::string_view kChangesHelp =
    R"(schoolgate changes list [--json] --config DIR
schoolgate changes show N [--json] --config DIR
schoolgate changes diff N --config DIR
schoolgate changes propose --proposed DIR --reason TEXT [--risk-assessment REF] [--review DATE] [--by USER] --config DIR
schoolgate changes approve N --by USER [--reason TEXT] --config DIR
schoolgate changes reject N --by USER --reason TEXT --config DIR
schoolgate changes comment N --by USER --reason TEXT --config DIR
schoolgate changes apply N [--by USER] [--at TIME] --config DIR
schoolgate changes apply --waiting --config DIR
schoolgate changes revert N --reason TEXT [--risk-assessment REF] [--by USER] --config DIR

A change of the configuration in DIR: proposed with a reason, agreed to by those whose consent it needs, put in force,
and taken back, which is a change too.

propose   --proposed is a copy of DIR with the changes. Prints what they mean and whose consent they need.
approve   USER agrees. Nobody agrees to their own; whose consent counts is written under `changes:` in policy.yaml.
reject    USER refuses, with a reason.
apply     puts it in force: refused while a consent is missing, where a file has changed since it was proposed (the
          difference is printed) and it no longer fits, and where a reload would refuse it. Tells the running gateway.
          --at "2026-12-18 12:30" (or a day and a time, RFC 3339) only asks for it: it is put in force then, by the desk
          or by --waiting, if no consent is missing.
          --waiting applies what is asked for, is due and lacks nothing, as the package's schoolgate-changes.path does
          for the desk. It changes policy.yaml, categories.yaml, lists.yaml and rules/ alone.
comment   USER says something about it.
revert    proposes the opposite, and applies it at once where no consent is missing.
          Both finish first what a power cut left, and say so.

USER is an account of the desk (schoolgate user); the password is asked for on the terminal, or is the first line of
standard input. Without --by it is recorded as done by hand, by root or the owner of the state folder.
)";

int report_refusal(const changes::Refusal& refusal) {
  for (const std::string& line : refusal.lines)
    std::fprintf(stderr, "schoolgate: %s%s", for_terminal(line).c_str(), line.ends_with('\n') ? "" : "\n");
  return report(refusal.error);
}

void print_gateway(const GatewayAnswer& answer) {
  switch (answer.what) {
    case GatewayAnswer::What::took_it: print(for_terminal(answer.text)); break;
    case GatewayAnswer::What::refused_it: std::fputs(for_terminal(answer.text).c_str(), stderr); break;
    case GatewayAnswer::What::is_not_there:
      print("  in place; no running gateway was told (" + answer.text + ")\n");
      break;
  }
}

Result<Actor> actor_of(const Arguments& arguments, const std::filesystem::path& state) {
  Actor actor = by_hand();
  if (!arguments.has("--by")) return actor;
  auto users = identity::UserDatabase::open(state);
  if (!users) return std::unexpected(std::move(users.error()));
  auto account = prove_person(**users, arguments.get("--by"), wall_now());
  if (!account) return std::unexpected(std::move(account.error()));
  actor.account = std::move(*account);
  return actor;
}

void print_applied(const ChangeControl::Applied& applied) {
  if (applied.by_hand_before) print("  files were changed by hand meanwhile; it is in the history\n");
  print("change " + std::to_string(applied.number) + " is in place\n");
  print_parts(applied.standing.base.parts);
  if (!applied.standing.note.empty()) print("  " + applied.standing.note + "\n");
  print_gateway(applied.gateway);
}

/// Tells what a power cut had left, and is finished, before anything is asked for: a wrong number or password must not
/// leave it untold. Nothing: go on; else the exit status of the command, which `is_it` says was about just that.
std::optional<int> finish_first(ChangeControl& control, ChangeControl::Reach reach,
                                const std::function<bool(const changes::Proposal&)>& is_it) {
  const auto finished = control.finish_cut_off(by_hand(), reach);
  if (!finished) return report(finished.error());
  if (!*finished) return std::nullopt;
  const std::string name = "change " + std::to_string((**finished).what.number);
  const GatewayAnswer& gateway = (**finished).gateway;
  if ((**finished).what.ending == changes::Ending::give_up) {
    print(name + " was cut off and refused since: the files are as before it\n");
    return std::nullopt;
  }
  if ((**finished).what.event == changes::ProposalEvent::What::taken_back) {
    print(name + ", which the running gateway had refused, is taken back: it was cut off and is finished\n");
    print_gateway(gateway);
    return gateway.what == GatewayAnswer::What::refused_it ? std::optional(kProblem) : std::nullopt;
  }
  print(name + " is in place: it was cut off and is finished\n");
  print_gateway(gateway);
  if ((**finished).is_taken_back)
    return report(Error{Fault::config, "the running gateway refused it, and the files are as before",
                        name + " may be applied again once that is mended"});
  if (!control.files()) return std::nullopt;  // reading them comes next, and says every mistake
  const auto proposal = control.find((**finished).what.number);
  return proposal && is_it(*proposal) ? std::optional(kDone) : std::nullopt;
}

int propose(const Arguments& arguments, ChangeControl& control, const config::Configuration& there) {
  const std::string folder = arguments.get("--config");
  config::Loaded loaded = config::load_copy(arguments.get("--proposed"), folder);
  if (!loaded.configuration) return report(loaded.problems);
  ChangeControl::Wish wish{.files = changes::texts_of(*loaded.configuration),
                           .reason = arguments.get("--reason"),
                           .risk_assessment = arguments.get("--risk-assessment")};
  if (arguments.has("--review")) {
    wish.review = config::parse_date(arguments.get("--review"));
    if (!wish.review)
      return usage_error(kChangesCommand, {Fault::client, "--review is a date, such as 2026-12-18", {}});
  }
  warn_of_own_lists(arguments.get("--proposed"), folder, *loaded.configuration);
  const auto owner = AsOwner::begin(there.settings.state);  // from here on: the copy may be readable to root alone
  if (!owner) return report(owner.error());
  auto by = actor_of(arguments, there.settings.state);
  if (!by) return report(by.error());
  wish.by = std::move(*by);
  const auto proposed = control.propose(wish);
  if (!proposed) return report_refusal(proposed.error());
  print("change " + std::to_string(proposed->number) + " is proposed\n");
  print_parts(proposed->standing.base.parts);
  print_consents(proposed->standing);
  return kDone;
}

int say(const std::string& verb, const Arguments& arguments, ChangeControl& control, std::uint64_t number,
        const std::filesystem::path& state) {
  const auto by = actor_of(arguments, state);
  if (!by) return report(by.error());
  const std::string text = arguments.get("--reason");
  const auto noted = verb == "approve"  ? control.agree(number, *by, text)
                     : verb == "reject" ? control.refuse(number, *by, text)
                                        : control.comment(number, *by, text);
  if (!noted) return report(noted.error());
  const char* const done = verb == "approve"  ? " is agreed to by "
                           : verb == "reject" ? " is refused by "
                                              : ": noted, by ";
  print("change " + std::to_string(number) + done + by->account + "\n");
  return kDone;
}

int ask_for_later(const Arguments& arguments, ChangeControl& control, std::uint64_t number, const Actor& by,
                  const config::Configuration& there) {
  const auto clock = rules::SiteClock::open(there.settings.site.timezone);
  if (!clock) return report(clock.error());
  const auto at = rules::read_site_end(*clock, arguments.get("--at"), wall_now());
  if (!at)
    return usage_error(kChangesCommand, {Fault::client, "'" + arguments.get("--at") + "' is not a time",
                                         "e.g. 12:30, \"tue 12:30\", \"2026-12-18 12:30\""});
  if (auto asked = control.ask(number, by, *at); !asked) return report(asked.error());
  print("change " + std::to_string(number) + " is to be put in force at " + to_rfc3339(*at) + "\n");
  return kDone;
}

int apply(const Arguments& arguments, ChangeControl& control, std::uint64_t number,
          const config::Configuration& there) {
  const auto by = actor_of(arguments, there.settings.state);
  if (!by) return report(by.error());
  if (arguments.has("--at")) return ask_for_later(arguments, control, number, *by, there);
  const auto applied = control.apply(number, *by);
  if (!applied) return report_refusal(applied.error());
  print_applied(*applied);
  return kDone;
}

int apply_waiting(ChangeControl& control) {
  const auto tried = control.apply_waiting(ChangeControl::Reach::policy);
  if (!tried) return report(tried.error());
  int status = kDone;
  for (const ChangeControl::Tried& one : *tried) {
    if (one.outcome)
      print_applied(*one.outcome);
    else
      status = report_refusal(one.outcome.error());
  }
  return status;
}

int revert(const Arguments& arguments, ChangeControl& control, std::uint64_t number,
           const std::filesystem::path& state) {
  const auto by = actor_of(arguments, state);
  if (!by) return report(by.error());
  const auto back = control.take_back(number, *by, arguments.get("--reason"), arguments.get("--risk-assessment"));
  if (!back) return report_refusal(back.error());
  print("change " + std::to_string(back->number) + " takes back change " + std::to_string(number) + "\n");
  if (back->applied) {
    print_applied(*back->applied);
    return kDone;
  }
  print_parts(back->standing.base.parts);
  print_consents(back->standing);
  return kDone;
}

/// What is missing or too much on the command line; empty: nothing.
std::string mistake_in(const Arguments& arguments, const std::string& verb) {
  constexpr std::string_view kVerbs[] = {"list",    "show",   "diff",  "propose", "approve",
                                         "comment", "reject", "apply", "revert"};
  if (std::ranges::find(kVerbs, verb) == std::end(kVerbs)) return "changes does not know '" + verb + "'";
  const bool waiting = arguments.has("--waiting");
  if (waiting && verb != "apply") return "--waiting belongs to apply";
  if (arguments.has("--at") && (verb != "apply" || waiting)) return "--at belongs to apply N";
  const bool with_number = verb != "list" && verb != "propose" && !waiting;
  const auto number = arguments.words().size() > 1 ? config::parse_whole(arguments.words()[1]) : std::nullopt;
  if (with_number != (arguments.words().size() > 1) || (with_number && !number))
    return with_number ? "the number of a change is missing" : verb + " takes no number";
  if (!arguments.has("--config")) return "--config DIR is missing";
  if (verb == "propose" && !arguments.has("--proposed")) return "--proposed DIR is missing";
  const bool says_why = verb == "propose" || verb == "reject" || verb == "revert" || verb == "comment";
  if (says_why && arguments.get("--reason").empty()) return "--reason TEXT is missing";
  if ((verb == "approve" || verb == "reject" || verb == "comment") && !arguments.has("--by"))
    return "--by USER is missing: a person agrees or refuses, never a shell";
  return {};
}

int run_changes(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(
      words, {.options = {"--config", "--proposed", "--reason", "--risk-assessment", "--review", "--by", "--at"},
              .switches = {"--json", "--waiting"},
              .least_words = 1,
              .most_words = 2});
  if (!arguments) return usage_error(kChangesCommand, arguments.error());
  const std::string verb = arguments->words().front();
  if (std::string mistake = mistake_in(*arguments, verb); !mistake.empty())
    return usage_error(kChangesCommand, {Fault::client, std::move(mistake), {}});
  const std::uint64_t number = arguments->words().size() > 1 ? *config::parse_whole(arguments->words()[1]) : 0;
  const std::filesystem::path folder = arguments->get("--config");
  if (verb == "list" || verb == "show" || verb == "diff") store::only_ask();
  const bool finishes = (verb == "apply" && !arguments->has("--at")) || verb == "revert";
  if (const auto cut_off = finishes ? state_with_cut_off_change(folder) : std::nullopt) {
    const auto owner = AsOwner::begin(*cut_off);
    if (!owner) return report(owner.error());
    ChangeControl control = own_changes(folder, *cut_off);
    const auto reach = arguments->has("--waiting") ? ChangeControl::Reach::policy : ChangeControl::Reach::everything;
    const auto is_it = [&](const changes::Proposal& one) {
      return verb == "apply" ? one.number == number : one.takes_back == number;
    };
    if (const auto told = finish_first(control, reach, is_it)) return *told;
  }
  const auto there = read_configuration(*arguments);
  if (!there) return kProblem;
  const std::filesystem::path state = there->settings.state;
  ChangeControl control = own_changes(folder, state);
  if (verb == "list") return list_changes(control, arguments->has("--json"));
  if (verb == "show") return show_change(control, number, arguments->has("--json"));
  if (verb == "diff") return show_difference(control, number);
  if (verb == "propose") return propose(*arguments, control, *there);
  const auto owner = AsOwner::begin(state);
  if (!owner) return report(owner.error());
  if (verb == "revert") return revert(*arguments, control, number, state);
  if (verb != "apply") return say(verb, *arguments, control, number, state);
  return arguments->has("--waiting") ? apply_waiting(control) : apply(*arguments, control, number, *there);
}

}  // namespace

const Command kChangesCommand{"changes", "propose, agree to, apply and take back changes", kChangesHelp, run_changes};

}  // namespace schoolgate::app
