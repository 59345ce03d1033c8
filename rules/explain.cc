#include "rules/explain.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ranges>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "rules/compiled_policy.h"
#include "rules/not_ready.h"

namespace schoolgate::rules {
namespace {

// --- the pupil's words: short sentences, no blame, an adult to go to; what must not be named is not named ------------

constexpr std::string_view kAskAdult = "If you need it for your work, ask your teacher.";
constexpr std::string_view kTellAdult =
    "If you saw something that worried you, tell a grown-up you trust. You are not in trouble.";
constexpr std::string_view kChildline = "You can talk to Childline for free, day or night, on 0800 1111.";

struct PupilWords {
  std::string_view theme;
  std::string_view why;
  bool worrying;  ///< may have upset a child: point to an adult and to Childline
};

constexpr PupilWords kPupilWords[] = {
    {"child-abuse", "This page is not safe for anyone, so it stays closed.", true},
    {"extremism", "This page is not safe, so it stays closed.", true},
    {"discrimination", "This page may be unkind about people, so it stays closed.", true},
    {"self-harm",
     "This page could make you feel worse, so it stays closed. You matter, and there are people who want to help you.",
     true},
    {"suicide",
     "This page could make you feel worse, so it stays closed. You matter, and there are people who want to help you.",
     true},
    {"eating-disorders",
     "This page could make you feel worse, so it stays closed. You matter, and there are people who want to help you.",
     true},
    {"pornography", "This page is only for grown-ups, so it stays closed.", true},
    {"contact", "This page lets people you do not know write to you, so it stays closed at school.", true},
    {"violence", "This page could be scary or upsetting, so it stays closed.", true},
    {"drugs", "This page is about things that can harm you, so it stays closed.", true},
    {"gambling", "This page is about playing for money. That is only for grown-ups.", false},
    {"security", "This page could harm the computer or try to trick you. Do not type in your name or a password.",
     false},
    {"bypass", "This page goes around the rules that keep you safe online, so it stays closed.", false},
    {"copyright", "This page shares things that were taken without asking, so it stays closed.", false},
    {"social-media", "This page is for chatting and sharing. It is not open for you right now.", false},
    {"games", "This is a page with games. It is not open for you right now.", false},
    {"adverts", "This page is only an advert, so it stays closed.", false},
    {"generative-ai", "This page lets you talk to a computer program. You may only use it when a teacher says so.",
     false},
    {"search", "Please use the search page that your teacher showed you.", false},
    {"misinformation", "This page may say things that are not true.", false},
};

std::string join(std::initializer_list<std::string_view> sentences) {
  std::string text;
  for (const std::string_view sentence : sentences) {
    if (sentence.empty()) continue;
    if (!text.empty()) text += ' ';
    text += sentence;
  }
  return text;
}

std::string for_pupil(const Citation& citation, const Verdict& verdict, bool is_closed_for_exam, bool waits) {
  if (verdict.action == Action::allow || verdict.action == Action::monitor) return "You can use this page.";
  if (verdict.reason.undecided)
    return join(
        {"We could not check if this page is safe, so it stays closed for now.", "Please try again later.", kAskAdult});
  if (citation.illegal)
    return join({"This page is not safe for anyone, so it stays closed.",
                 "Please turn off the screen and tell a grown-up you trust now. You are not in trouble.", kChildline});
  if (verdict.reason.downloads_of >= 0) return join({"You cannot save this kind of file at school.", kAskAdult});
  if (verdict.reason.allowance_of >= 0)
    return join({"Your time for pages like this is used up for today.", "You get more tomorrow.", kAskAdult});
  if (is_closed_for_exam)
    return join({"There is a test going on. Only the pages for the test are open now.",
                 "If something is wrong, put your hand up."});
  const std::string_view inside = verdict.reason.nested ? "This page shows another page inside it." : "";
  if (waits)
    return join({"The school's web filter is still getting ready, so this page stays closed for now.",
                 "Please try again in a few minutes."});
  if (verdict.reason.tier == Tier::unlisted)
    return join({inside, "This page is not on the list of pages for your class.", kAskAdult});
  const auto* const words = std::ranges::find(kPupilWords, std::string_view(citation.theme), &PupilWords::theme);
  if (verdict.action == Action::warn)
    return join({inside, words == std::end(kPupilWords) ? "Stop and think." : words->why,
                 "Is it right for you, and right for now? If you are not sure, ask a grown-up before you go on."});
  if (words == std::end(kPupilWords)) return join({inside, "Your school has closed this page.", kTellAdult, kAskAdult});
  return words->worrying ? join({inside, words->why, kTellAdult, kChildline}) : join({inside, words->why, kAskAdult});
}

// --- the technician's words: what decided, where it is written, what would change it
// ----------------------------------

std::string_view said(Action action) noexcept {
  switch (action) {
    case Action::allow: return "Allowed";
    case Action::monitor: return "Allowed and recorded";
    case Action::warn: return "Answered with a warning";
    case Action::block: break;
  }
  return "Blocked";
}

/// "example[.]org": readable, and no program makes a link of it.
std::string defanged(std::string_view host) {
  std::string text;
  for (const char c : host) c == '.' ? text += "[.]" : text += c;
  return text;
}

std::string decided_by(const Citation& citation, const Verdict& verdict) {
  const std::string about = citation.category.empty() ? "" : " (category " + citation.category + ")";
  if (verdict.reason.undecided && verdict.reason.content_of >= 0)
    return "a page that could not be read to its end (" + citation.source + "), so the strict answer was taken";
  if (verdict.reason.undecided)
    return verdict.reason.nested
               ? "no full answer, so the strict answer was taken"
               : "no full answer: memory ran out, or more than 64 entries matched, so the strict answer was taken";
  if (verdict.reason.content_of >= 0)
    return "what the page says (" + citation.entry + ")" + about + ", read by 'content' at " + citation.source;
  if (verdict.reason.allowance_of >= 0)
    return "the " + citation.rule + " for " + citation.category + " at " + citation.source + ", which is used up";
  if (verdict.reason.downloads_of >= 0)
    return "a download that the group may not have (" + citation.rule + ") at " + citation.source;
  if (!citation.rule.empty())
    return "the rule " + in_quotes(citation.rule) + about +
           (citation.source.starts_with("measure ") ? " of " : " at ") + citation.source;
  if (citation.list.empty()) return "no rule and no list";
  if (citation.sealed) return "a sealed entry of list " + in_quotes(citation.list) + about;
  return "entry " + in_quotes(citation.entry) + " of list " + in_quotes(citation.list) + about + ", which comes from " +
         citation.source;
}

std::string rule_notes(const OwnRule& rule) {
  std::string notes;
  const auto add = [&](std::string_view label, std::string_view text) {
    if (!text.empty()) notes += std::string(notes.empty() ? "" : "; ") + std::string(label) + std::string(text);
  };
  add("why: ", rule.why);
  add("approved by ", rule.approved_by);
  add("risk assessment ", rule.risk_assessment);
  return notes.empty() ? "" : " (" + notes + ")";
}

struct Told {
  const CompiledPolicy& policy;
  const PolicySnapshot& snapshot;
  const Subject& subject;
  const Request& request;
  const Verdict& verdict;
  const Citation& citation;
};

/// The address that the verdict is about: the one that was asked for, or one inside it.
const names::Url& decided_url(const Told& told) {
  const Reason& reason = told.verdict.reason;
  const auto& inner = told.request.inner().found;
  return reason.nested && !reason.undecided && reason.inner < inner.size() ? inner[reason.inner].url
                                                                           : told.request.url();
}

/// The rule of the school that decided, or null.
const OwnRule* deciding_rule(const Told& told) {
  const std::int32_t rule = told.verdict.reason.rule;
  return rule < 0 ? nullptr : &told.policy.rules.all()[static_cast<std::size_t>(rule)];
}

/// "2026-11-22 12:30", as the school's clock shows it.
std::string site_time(const SiteClock& clock, TimePoint time) {
  const auto local = clock.local(time);
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock_time(local - day);
  char text[32];
  (void)std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d", int(date.year()), unsigned(date.month()),
                      unsigned(date.day()), int(clock_time.hours().count()), int(clock_time.minutes().count()));
  return text;
}

std::string what_would_change_it(const Told& told) {
  const std::string group = std::string(told.snapshot.group_id(told.subject.group));
  const std::string host = std::string(decided_url(told).host());
  if (told.verdict.reason.downloads_of >= 0)
    return "To let this one through, add under allow: { url: its address, groups: [" + group +
           "] }; to let all of them through, edit 'downloads' of group " + in_quotes(group) + ".";
  if (told.verdict.reason.content_of >= 0)
    return "To let this site through unread, add under allow: { site: " + host + ", groups: [" + group +
           "] }; to take pages like it for harmless, raise 'content.thresholds' of group " + in_quotes(group) + ".";
  if (told.verdict.reason.allowance_of >= 0)
    return "It begins anew at midnight. To change it, edit 'allowances' of group " + in_quotes(group) + ".";
  const OwnRule* const rule = deciding_rule(told);
  if (rule != nullptr && rule->of_measure && told.verdict.reason.tier > Tier::illegal)
    return rule->ends == TimePoint::max() ? "It holds until the measure is closed."
                                          : "It ends by itself at " + site_time(told.policy.clock, rule->ends) +
                                                ", or when the measure is closed.";
  if (rule != nullptr && rule->helped)
    return "Where only the name is seen, it is open to every page and app of the group; to close it, take it out of "
           "'needs'.";
  if (rule != nullptr && rule->kind == RuleSpec::Kind::term && told.verdict.reason.tier >= Tier::local)
    return "To let a longer phrase through that holds it, add under allow: { term: … }" +
           std::string(told.verdict.reason.tier == Tier::category ? ", or set the category for the group." : ".");
  const bool blocks = told.verdict.action != Action::allow;
  if (told.verdict.reason.undecided && told.verdict.reason.nested)
    return "The address holds more addresses than are looked at; ask for one of them alone.";
  switch (told.verdict.reason.tier) {
    case Tier::illegal: return "Nothing changes this: illegal content is blocked for every group, with any rule.";
    case Tier::emergency: return "To change it, take the rule out of 'emergency'.";
    case Tier::support: return "Sites of help and support are always open and never recorded.";
    case Tier::local:
      return "To change it, edit that rule or add a more specific one (a longer URL, or an exact host).";
    case Tier::category: {
      if (told.verdict.reason.undecided)
        return "Ask again; if it stays, the machine needs more memory, or the configuration fewer lists.";
      const std::string to_allow =
          "To allow this site only, add under allow: { site: " + host + ", groups: [" + group + "] }.";
      return blocks ? to_allow
                    : "To block it, set the category for group " + in_quotes(group) + " or add a block rule.";
    }
    case Tier::unlisted: break;
  }
  return blocks ? "To allow it, add under allow: { site: " + host + ", groups: [" + group + "] }."
                : "To block it, add a block rule for " + in_quotes(host) + ".";
}

std::string group_setting(const Told& told, std::optional<TimePoint> now) {
  const GroupPolicy& group = told.policy.groups[told.policy.known(told.subject.group)];
  const GroupPolicy::Open open = now ? group.open_at(told.policy.clock, *now) : 0;
  std::string text = " Group " + in_quotes(group.id);
  if (told.verdict.reason.tier == Tier::unlisted) {
    text += " has unlisted: " + std::string(to_string(told.verdict.action)) + " (" + group.at.line_text() + ")";
  } else if (!now) {
    return text + " has " + told.citation.category + ": " + told.citation.action + " at that time.";
  } else {
    const CategorySetting setting = group.setting(told.verdict.reason.category, open);
    if (!setting.named) return text + " does not name " + told.citation.category + ", so it is allowed.";
    text += " has " + told.citation.category + ": " + told.citation.action;
    if (setting.action == told.verdict.action && setting.at->line > 0) text += " (" + setting.at->line_text() + ")";
  }
  return text + (open != 0 ? ", with a schedule open at this time." : ".");
}

/// A helper that covers the request and did not decide.
std::string why_no_help(const Told& told, const OwnRule& rule) {
  const std::string what =
      "The rule at " + rule.at.line_text() + " lets pages of " + rule.helped->site + " load from " + rule.entry + ", ";
  const AskingPage& page = told.request.page();
  if (told.verdict.reason.rule >= 0 || told.verdict.action != Action::block)
    return what + "which every other rule outranks.";
  if (!page.a_page) return what + "and no page of it is known to ask.";
  return what + "and " + (page.host.empty() ? "another page" : defanged(page.host)) + " asks.";
}

/// Rules that cover the request but are for others or out of date: the usual answer to "why does my rule not work?".
std::string rules_that_do_not_apply(const Told& told, TimePoint now) {
  std::string text;
  const auto note = [&](std::uint32_t index) {
    const OwnRule& rule = told.policy.rules.all()[index];
    const Asking asking{told.policy.known(told.subject.group), told.subject.address, now};
    if (rule.illegal || told.verdict.reason.rule == static_cast<std::int32_t>(index)) return;
    if (rule.applies(asking)) {
      if (rule.helped) text += " " + why_no_help(told, rule);
      return;
    }
    text += " The rule at " + rule.at.line_text() + " covers this too, but " +
            (!rule.groups.contains(asking.group) ? "is for other groups."
             : !rule.is_here(asking.address)     ? "is for another room."
                                                 : "has expired.");
  };
  told.policy.rules.for_each_site_or_url(told.request.url(), told.request.raw_query(),
                                         [&](std::uint32_t index, Specificity) { note(index); });
  (void)told.policy.rules.for_each_pattern(told.request.url(), [](const OwnRule&) { return true; }, note);
  return text;
}

/// Over HTTPS the answer may differ where the connection is not opened, because only the name is seen: said where it
/// does.
std::string what_https_hides(const Told& told, TimePoint now) {
  const names::Url& url = told.request.url();
  const auto host = names::Host::parse(url.host());
  if (url.names_only() || (url.scheme() != "https" && url.scheme() != "wss") || !host) return {};
  const Request by_name = Request::of_host(*host, url.port(), "CONNECT");
  const Verdict answer = told.snapshot.decide(told.subject, by_name, Stage::connect, now);
  if (answer.inspect || answer.action == told.verdict.action) return {};
  const Inspection why = told.snapshot.why_inspect(told.subject, by_name, now);
  return " Over HTTPS only the name is seen, and by its name alone the site is answered with '" +
         std::string(to_string(answer.action)) + "': the connection is " +
         explain_inspection(told.snapshot, told.subject.group, why) + ".";
}

/// Whose address decided, when it was not the one that was asked for.
std::string what_is_inside(const Told& told) {
  if (!told.verdict.reason.nested) return {};
  if (told.verdict.reason.undecided)
    return "The page asked for more other sites inside its address than are looked at. ";
  if (told.citation.illegal) return "The page asked for another site inside its address. ";
  return "The page asked for another site inside its address: " + defanged(decided_url(told).host()) + ". ";
}

/// Why the record names another category than the one that decided.
std::string what_leads(const Told& told) {
  const CategoryId leads = told.verdict.reason.leads;
  if (leads == kNoCategory) return {};
  const Category& category = told.policy.categories[leads];
  return " Record and alert name it as " + category.id + ", because a category of urgency " +
         std::to_string(category.urgency) + " leads whatever else decides.";
}

/// The other categories that the site is in: "games (ut1-games, hagezi-games)".
std::string also_in(const Told& told, TimePoint now) {
  if (told.citation.illegal) return {};
  std::string text;
  for (const SiteCategory& category :
       told.snapshot.categories_of(told.subject, told.request, told.verdict, now) | std::views::drop(1)) {
    text += text.empty() ? " It is also in " : ", ";
    std::string names;
    for (const std::vector<std::string>* const said : {&category.lists, &category.rules})
      for (const std::string& name : *said) names += (names.empty() ? "" : ", ") + name;
    text += category.id + " (" + names + ")";
  }
  return text.empty() ? text : text + ".";
}

std::string counted_against(const Told& told) {
  const Verdict& verdict = told.verdict;
  if (verdict.allowance_minutes == 0) return {};
  const GroupPolicy& group = told.policy.groups[told.policy.known(verdict.allowance_group)];
  return " The time counts against the " + std::to_string(verdict.allowance_minutes) + " minutes a day that group " +
         in_quotes(group.id) + " has for " + told.policy.categories[verdict.allowance_category].id + " (" +
         group.allowance_at(verdict.allowance_category).line_text() + ").";
}

std::string for_technician(const Told& told, std::optional<TimePoint> now) {
  const Reason& reason = told.verdict.reason;
  std::string text = what_is_inside(told);
  text += said(told.verdict.action);
  text += " at tier " + std::to_string(static_cast<int>(reason.tier) + 1) + " of 6 (" +
          std::string(to_string(reason.tier)) + ") by " + decided_by(told.citation, told.verdict);
  if (reason.rule >= 0) text += rule_notes(told.policy.rules.all()[static_cast<std::size_t>(reason.rule)]);
  text += ".";
  if (reason.tier >= Tier::category && !reason.undecided && reason.allowance_of < 0) text += group_setting(told, now);
  text += what_leads(told);
  if (now) text += also_in(told, *now);
  text += counted_against(told);
  text += " " + what_would_change_it(told);
  if (now) text += rules_that_do_not_apply(told, *now);
  if (now) text += what_https_hides(told, *now);
  return text;
}

// --- the safeguarding lead's words
// --------------------------------------------------------------------------------------

std::string_view urgency_words(int urgency) noexcept {
  switch (urgency) {
    case 5: return "act now";
    case 4: return "look within the hour";
    case 3: return "look today";
    case 2: return "a pattern worth knowing";
    default: return "for information";
  }
}

std::string_view how_sure(Confidence confidence) noexcept {
  switch (confidence) {
    case Confidence::login: return "The person signed in, so we know who it was.";
    case Confidence::class_login: return "A class account was used: we know the class, not the child.";
    case Confidence::device: return "We know the device, not who held it.";
    case Confidence::network: return "We know only which part of the school's network it came from.";
    case Confidence::unknown: break;
  }
  return "We do not know who or which device it was.";
}

std::string for_lead(const Told& told) {
  const Citation& citation = told.citation;
  const std::string group(told.snapshot.group_title(told.subject.group));
  std::string text(said(told.verdict.action));
  text += ": " + (told.subject.user.empty() ? "someone" : std::string(told.subject.user)) + " in group " + group +
          " asked for ";
  text += citation.illegal ? "content that is illegal; the address is sealed" : defanged(told.request.url().host());
  if (told.verdict.reason.nested && !citation.illegal && !told.verdict.reason.undecided)
    text += ", and inside its address for " + defanged(decided_url(told).host());
  text += ".";
  if (!citation.theme.empty())
    text += " Theme: " + citation.theme + ", urgency " + std::to_string(citation.urgency) + " of 5 (" +
            std::string(urgency_words(citation.urgency)) + ").";
  if (citation.illegal)
    text += " Do not try to see the page. Tell the police or the Internet Watch Foundation, quoting the reference.";
  return text + " " + std::string(how_sure(told.subject.confidence));
}

}  // namespace

Explanation explain(const PolicySnapshot& snapshot, const Subject& subject, const Request& request,
                    const Verdict& verdict) {
  return explain(snapshot, subject, request, verdict, std::nullopt);
}

Explanation explain(const PolicySnapshot& snapshot, const Subject& subject, const Request& request,
                    const Verdict& verdict, std::optional<TimePoint> now) {
  const Citation citation = snapshot.cite(verdict);
  const Told told{snapshot.compiled(), snapshot, subject, request, verdict, citation};
  // The technician reads which category decided, the others which one leads.
  Verdict decided = verdict;
  decided.reason.leads = kNoCategory;
  const Citation deciding = snapshot.cite(decided);
  const Told to_technician{snapshot.compiled(), snapshot, subject, request, verdict, deciding};
  const OwnRule* const rule = deciding_rule(told);
  const bool closed_for_exam = rule != nullptr && rule->kind == RuleSpec::Kind::everything;
  return {.pupil = for_pupil(citation, verdict, closed_for_exam, is_not_ready(snapshot, subject.group, verdict)),
          .technician = for_technician(to_technician, now),
          .lead = for_lead(told)};
}

}  // namespace schoolgate::rules
