#include "casework/parent_letter.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "casework/shown_text.h"

namespace schoolgate::casework {
namespace {

struct Words {
  std::string_view theme, words;
};
constexpr std::array kPlain = {Words{"pornography", "websites with sexual content"},
                               Words{"suicide", "websites about suicide"},
                               Words{"self-harm", "websites about self-harm"},
                               Words{"eating-disorders", "websites that promote eating disorders"},
                               Words{"extremism", "websites with extreme views"},
                               Words{"discrimination", "websites with hateful or discriminating content"},
                               Words{"violence", "websites with violent content"},
                               Words{"drugs", "websites about drugs or alcohol"},
                               Words{"gambling", "websites about gambling"},
                               Words{"contact", "websites for chatting or meeting people"},
                               Words{"bypass", "websites for getting around the school's internet filter"},
                               Words{"security", "websites that can harm a computer"},
                               Words{"games", "games websites"},
                               Words{"social-media", "social media"},
                               Words{"generative-ai", "websites with artificial intelligence"},
                               Words{"copyright", "websites that offer copied films, music or games"}};

// Words of accusation or intent, in lower case. Facts only: what a child meant is for talking about, not for a
// letter.
constexpr std::array<std::string_view, 14> kNotSaid = {
    "caught",        "guilty",   "deliberate", "intentional", "on purpose", "meant to", "intended",
    "tried to hide", "offender", "culprit",    "perpetrator", "red-handed", "confess",  "admitted"};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

// Found as words of its own: "fun" is not in "funeral".
bool has_words(std::string_view text, std::string_view words) {
  if (words.empty()) return false;
  for (std::size_t at = text.find(words); at != std::string_view::npos; at = text.find(words, at + 1)) {
    const bool begins = at == 0 || !is_word(text[at - 1]);
    const std::size_t end = at + words.size();
    if (begins && (end == text.size() || !is_word(text[end]))) return true;
  }
  return false;
}

// The places of help that the letter names itself.
constexpr std::array<std::string_view, 5> kHelp = {"nspcc.org.uk", "childline.org.uk", "ceopeducation.co.uk",
                                                   "saferinternet.org.uk", "internetmatters.org"};

// Something like an address: dots between letters where the last part is one of letters.
bool is_address(std::string_view word) {
  if (word.find("://") != std::string_view::npos || word.find("[.]") != std::string_view::npos) return true;
  if (word.starts_with("www.")) return true;
  std::size_t end = word.find('/');
  const bool has_path = end != std::string_view::npos;
  const std::string_view host = word.substr(0, end);
  const std::size_t dot = host.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || host.find('@') != std::string_view::npos) return false;
  const std::string_view last = host.substr(dot + 1);
  const bool letters = last.size() >= 2 && std::ranges::all_of(last, [](char c) { return c >= 'a' && c <= 'z'; });
  const bool number = !last.empty() &&
                      std::ranges::all_of(host, [](char c) { return (c >= '0' && c <= '9') || c == '.'; }) &&
                      std::ranges::count(host, '.') == 3;
  // "e.g" and "p.m": a single letter before the dot and two after it is no host that a letter would name.
  return number || (letters && (has_path || dot >= 2));
}

/// What the letter says of one theme.
struct About {
  std::string words;
  std::uint64_t attempts = 0, let_through = 0;
};

std::vector<About> by_theme(const LetterFacts& facts) {
  std::vector<About> out;
  for (const LetterEpisode& episode : facts.episodes) {
    std::string words = plain_words(episode.theme, episode.illegal);
    auto found = std::ranges::find(out, words, &About::words);
    if (found == out.end()) found = out.insert(out.end(), {.words = std::move(words)});
    found->attempts += episode.attempts;
    found->let_through += episode.let_through;
  }
  return out;
}

std::string days_of(const LetterFacts& facts) {
  std::vector<std::string> days;
  for (const LetterEpisode& episode : facts.episodes)
    if (std::ranges::find(days, episode.date) == days.end()) days.push_back(episode.date);
  std::string out;
  for (std::size_t i = 0; i < days.size(); ++i) out += (i == 0 ? "" : i + 1 == days.size() ? " and " : ", ") + days[i];
  return out;
}

std::string times(std::uint64_t count) { return count == 1 ? "once" : std::to_string(count) + " times"; }

std::string sentence(std::string_view text) {
  std::string out(text);
  if (!out.empty() && out.back() != '.' && out.back() != '!' && out.back() != '?') out += '.';
  return out;
}

}  // namespace

std::string plain_words(std::string_view theme, bool illegal) {
  if (illegal) return "a website that is not lawful";
  const auto found = std::ranges::find(kPlain, theme, &Words::theme);
  return std::string(found == kPlain.end() ? "websites that are not suitable in school" : found->words);
}

Result<std::string> draft_parent_letter(const LetterFacts& facts) {
  if (facts.hold)
    return fail(Fault::client, "no letter may be written now: there is a legal hold",
                "ask the police or social care first; lift the hold when they agree");
  if (const auto wrong = letter_contradictions({}, facts); !wrong.empty())
    return fail(Fault::client, "no letter can be drafted: " + wrong.front(), "put the incident right first");
  for (const auto& [field, text] : {std::pair{"what the school did", &facts.school_did},
                                    std::pair{"what the child was told", &facts.child_was_told},
                                    std::pair{"place", &facts.place}, std::pair{"contact", &facts.contact},
                                    std::pair{"salutation", &facts.salutation}, std::pair{"child", &facts.child}}) {
    auto kept = typed_text(field, *text, 2000, Lines::many);
    if (!kept) return std::unexpected(kept.error());
    if (field != std::string_view("contact")) {
      if (auto problems = letter_problems(*kept, {}); !problems.empty())
        return fail(Fault::client, std::string(field) + ": " + problems.front());
    }
  }
  const std::string child = facts.child.empty() ? "your child" : facts.child;
  std::string out = "Dear " + (facts.salutation.empty() ? std::string("Parent or carer") : facts.salutation) + ",\n\n";
  out += "I am writing to let you know about something that happened at " + facts.school + " on " + days_of(facts) +
         (facts.place.empty() ? "" : ", " + facts.place) + ".\n\n";
  for (const About& about : by_theme(facts)) {
    out += "A device that " + child + " was using in school asked for " + about.words + ". ";
    if (about.let_through == 0)
      out += "The school's internet filter blocked it and nothing was shown.\n\n";
    else if (about.let_through == about.attempts)
      out += "The school's internet filter did not block it, and we have taken steps since.\n\n";
    else
      out += "The school's internet filter blocked it " + times(about.attempts - about.let_through) +
             " and did not block it " + times(about.let_through) + ", and we have taken steps since.\n\n";
  }
  out +=
      "Children come across such pages in many ways: a mistyped word, a link, an advertisement or curiosity. We do not "
      "assume a reason.\n\n";
  if (!facts.school_did.empty()) out += "What we have done: " + sentence(facts.school_did) + "\n\n";
  if (!facts.child_was_told.empty())
    out += "What we have said to " + child + ": " + sentence(facts.child_was_told) + "\n\n";
  out += "You may wish to talk about it at home, calmly and without blame. Help for parents and children:\n";
  out += "- NSPCC helpline for adults: 0808 800 5000, nspcc.org.uk\n";
  out += "- Childline, for children: 0800 1111, childline.org.uk\n";
  out += "- CEOP Education, advice by age: ceopeducation.co.uk\n";
  out += "- UK Safer Internet Centre: saferinternet.org.uk\n\n";
  out += "If you would like to talk with us, please get in touch" +
         (facts.contact.empty() ? std::string(" with the school office") : ": " + facts.contact) + ".\n\n";
  out += "Yours sincerely\n\n\n" + facts.school + '\n';
  return out;
}

std::vector<std::string> letter_contradictions(std::string_view letter, const LetterFacts& facts) {
  std::vector<std::string> wrong;
  if (facts.episodes.empty()) wrong.push_back("no episode that you may see is part of the incident");
  if (facts.assessed_as == "false-positive" || facts.assessed_as == "background")
    wrong.push_back("the incident is assessed as " +
                    std::string(facts.assessed_as == "background" ? "made by a page or program" : "wrongly blocked") +
                    ": there is nothing that a child asked for");
  bool any_let_through = false, any_blocked = false;
  for (const LetterEpisode& episode : facts.episodes) {
    any_let_through = any_let_through || episode.let_through > 0;
    any_blocked = any_blocked || episode.let_through < episode.attempts;
    if (!episode.person.empty() && !facts.child_account.empty() &&
        ascii_lower(episode.person) != ascii_lower(facts.child_account))
      wrong.push_back("episode " + episode.reference + " is of another person than the child of this incident");
  }
  const std::string text = ascii_lower(letter);
  if (any_let_through && !text.empty() && text.find("did not block") == std::string::npos &&
      text.find("not blocked") == std::string::npos && text.find("let through") == std::string::npos)
    wrong.push_back("it does not say that something was let through");
  if (any_let_through && !any_blocked && text.find("nothing was shown") != std::string::npos)
    wrong.push_back("it says that nothing was shown, and nothing was blocked");
  return wrong;
}

std::vector<std::string> letter_problems(std::string_view letter, const std::vector<std::string>& others) {
  std::vector<std::string> problems;
  const std::string text = ascii_lower(letter);
  for (const std::string_view words : kNotSaid)
    if (has_words(text, words)) problems.push_back("it says \"" + std::string(words) + "\"");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = text.find_first_not_of(" \t\n,;()<>\"'", at);
    if (begin == std::string::npos) break;
    const std::size_t end = std::min(text.find_first_of(" \t\n,;()<>\"'", begin), text.size());
    std::string_view word(text.data() + begin, end - begin);
    while (!word.empty() && (word.back() == '.' || word.back() == ':' || word.back() == '!' || word.back() == '?'))
      word.remove_suffix(1);
    at = end;
    if (is_address(word) && std::ranges::find(kHelp, word) == kHelp.end()) {
      problems.push_back("it has an address of a site");
      break;
    }
  }
  for (const std::string& other : others)
    if (has_words(text, ascii_lower(other))) problems.push_back("it names another child");
  for (const std::string_view trace : {"\"time\":", "decisions.jsonl", "policy_version", "previous_hash"})
    if (text.find(trace) != std::string::npos) {
      problems.push_back("it has an extract of a log");
      break;
    }
  return problems;
}

}  // namespace schoolgate::casework
