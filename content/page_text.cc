#include "content/page_text.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "content/entities.h"

namespace schoolgate::content {
namespace {

bool is_blank(char c) noexcept { return kAsciiBlanks.contains(c); }

/// What is in them is no page: until their end tag every '<' is text.
constexpr auto kRawUnseen =
    std::to_array<std::string_view>({"iframe", "noembed", "noframes", "noscript", "script", "style"});
constexpr auto kRawSeen = std::to_array<std::string_view>({"textarea", "title", "xmp"});

/// A page that hides all of itself has a script that shows it.
constexpr auto kNeverHidden = std::to_array<std::string_view>({"body", "html", "main"});

constexpr auto kSpoken =
    std::to_array<std::string_view>({"alt", "aria-label", "label", "placeholder", "summary", "title"});
constexpr auto kDescriptions = std::to_array<std::string_view>(
    {"description", "keywords", "og:description", "og:title", "twitter:description", "twitter:title"});
constexpr auto kButtons = std::to_array<std::string_view>({"button", "reset", "submit"});

template <std::size_t N>
bool holds(const std::array<std::string_view, N>& names, std::string_view name) noexcept {
  return std::ranges::find(names, name) != names.end();
}

/// The last `display` of it is none. What is doubtful (comments, escapes, a style cut short) hides nothing, nor does
/// `visibility`, of which a part inside may say otherwise.
bool style_hides(std::string_view style, std::size_t longest) {
  static constexpr std::string_view kDisplay = "display:";
  if (style.size() >= longest || style.contains("/*") || style.contains('\\')) return false;
  std::string tight;
  for (const char c : style)
    if (!is_blank(c)) tight += ascii_lower(c);
  const std::size_t last = tight.rfind(kDisplay);
  return last != std::string::npos && std::string_view(tight).substr(last + kDisplay.size()).starts_with("none");
}

}  // namespace

void PageText::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    if (state_ == State::plain) return say(bytes, sink);
    if (state_ == State::text) {
      const std::size_t run = std::min(bytes.find_first_of("<&"), bytes.size());
      if (run != 0) say(bytes.substr(0, run), sink);
      bytes.remove_prefix(run);
      if (bytes.empty()) return;
    } else if (state_ == State::raw && !shown_) {
      bytes.remove_prefix(std::min(bytes.find('<'), bytes.size()));
      if (bytes.empty()) return;
    }
    step(bytes.front(), sink);
    bytes.remove_prefix(1);
  }
}

void PageText::finish(const Sink& sink) {
  if (state_ == State::reference) end_reference(sink);
  if (state_ == State::tag_open) say("<", sink);
  // A tag or comment without its end is not shown by browsers either; raw text was said as it came.
  state_ = State::text;
}

void PageText::say(std::string_view text, const Sink& sink) {
  if (hidden_parts_.hides() || text.empty()) return;
  last_ = text.back();
  sink(text);
}

void PageText::step(char c, const Sink& sink) {
  switch (state_) {
    case State::text:
      state_ = c == '<' ? State::tag_open : State::reference;
      after_reference_ = State::text;
      held_.clear();
      return;
    case State::reference: return step_reference(c, sink);
    case State::tag_open:
    case State::end_tag_open:
    case State::tag_name: return step_tag(c, sink);
    case State::between:
    case State::attribute_name:
    case State::before_value:
    case State::value: return step_attribute(c, sink);
    case State::markup:
    case State::comment:
    case State::bogus: return step_comment(c);
    case State::raw:
    case State::raw_end: return step_raw(c, sink);
    case State::plain: return say({&c, 1}, sink);
    case State::data:
      if (c == '>' && matched_ >= 2) return void(state_ = State::text);
      matched_ = c == ']' ? matched_ + 1 : 0;
      return say({&c, 1}, sink);
  }
}

void PageText::step_reference(char c, const Sink& sink) {
  if (c == ';' || held_.size() == kLongestEntity) {
    end_reference(sink);
    if (c == ';') return;
  } else if (is_ascii_letter(c) || is_ascii_digit(c) || (c == '#' && held_.empty())) {
    held_ += c;
    return;
  } else {
    end_reference(sink);
  }
  // It was no part of the reference.
  if (state_ == State::text && c != '<' && c != '&') return say({&c, 1}, sink);
  step(c, sink);
}

void PageText::end_reference(const Sink& sink) {
  state_ = after_reference_;
  std::string text;
  if (!append_entity(text, held_)) text = "&" + held_;
  say(text, sink);
}

void PageText::begin_tag(bool closes) {
  state_ = State::tag_name;
  closes_ = closes;
  self_closed_ = false;
  tag_.clear();
  for (std::string& value : values_) value.clear();
  seen_ = {};
}

void PageText::step_tag(char c, const Sink& sink) {
  if (state_ == State::tag_open) {
    if (c == '/') return void(state_ = State::end_tag_open);
    if (c == '!') {
      state_ = State::markup;
      matched_ = 0;
      held_.clear();
      return;
    }
    if (c == '?') return void(state_ = State::bogus);
    state_ = State::text;
    if (!is_ascii_letter(c)) {  // a '<' that opens nothing
      say("<", sink);
      if (c == '<' || c == '&') return step(c, sink);
      return say({&c, 1}, sink);
    }
    begin_tag(false);
  } else if (state_ == State::end_tag_open) {
    if (!is_ascii_letter(c)) return void(state_ = c == '>' ? State::text : State::bogus);
    begin_tag(true);
  }
  if (c == '>') return end_tag(sink);
  if (c == '/' || is_blank(c)) {
    self_closed_ = c == '/';
    state_ = State::between;
    return;
  }
  if (tag_.size() < kLongestName) tag_ += ascii_lower(c);
}

void PageText::begin_attribute() {
  state_ = State::attribute_name;
  attribute_name_.clear();
  attribute_ = none;
}

void PageText::name_attribute() {
  attribute_ = none;
  if (holds(kSpoken, attribute_name_)) attribute_ = spoken;
  if (attribute_name_ == "content") attribute_ = content;
  if (attribute_name_ == "name" || attribute_name_ == "property") attribute_ = name;
  if (attribute_name_ == "value") attribute_ = value;
  if (attribute_name_ == "type") attribute_ = type;
  if (attribute_name_ == "style") attribute_ = style;
  if (attribute_name_ == "hidden") attribute_ = hidden;
  if (attribute_name_ == "srcdoc" && tag_ == "iframe" && !closes_) attribute_ = srcdoc;
  if (attribute_ == spoken && !values_[spoken].empty()) values_[spoken] += '\n';
  // Browsers take the first of two.
  if (attribute_ != none && attribute_ != spoken && std::exchange(seen_[attribute_], true)) attribute_ = none;
}

void PageText::step_attribute(char c, const Sink& sink) {
  if (state_ == State::value) {
    const bool ends = quote_ != 0 ? c == quote_ : is_blank(c) || c == '>';
    if (!ends && attribute_ == srcdoc) return take_document(c, sink);
    if (!ends) {
      if (attribute_ != none && values_[attribute_].size() < kLongestValue) values_[attribute_] += c;
      return;
    }
    state_ = State::between;
    if (attribute_ == srcdoc) end_document(sink);
    if (c == '>' && quote_ == 0) end_tag(sink);
    return;
  }
  if (state_ == State::before_value) {
    if (is_blank(c)) return;
    if (c == '>') return end_tag(sink);
    state_ = State::value;
    attribute_name_.clear();
    quote_ = c == '"' || c == '\'' ? c : '\0';
    if (quote_ == 0) step_attribute(c, sink);
    return;
  }
  if (c == '>') {
    if (state_ == State::attribute_name) name_attribute();
    return end_tag(sink);
  }
  if (state_ == State::between) {
    if (c == '=' && !attribute_name_.empty()) return void(state_ = State::before_value);
    if (c == '/') return void(self_closed_ = true);
    if (is_blank(c)) return;
    self_closed_ = false;
    begin_attribute();
  } else if (c == '=' || c == '/' || is_blank(c)) {
    name_attribute();
    state_ = c == '=' ? State::before_value : State::between;
    if (c == '/') self_closed_ = true;
    return;
  }
  if (attribute_name_.size() < kLongestName) attribute_name_ += ascii_lower(c);
}

// "<!" and what follows: a comment, the opening of CDATA (of which the text is read), or something that ends at '>'.
void PageText::step_comment(char c) {
  if (state_ == State::markup) {
    static constexpr std::string_view kComment = "--", kData = "[CDATA[";
    held_ += c;
    if (held_ == kComment) {
      state_ = State::comment;
      matched_ = 2;  // "<!-->" and "<!--->" are whole
    } else if (held_ == kData) {
      // In HTML that is a browser's comment up to the next '>', and is read; in a drawing no tag is in it.
      state_ = foreign_parts_.place() == ForeignParts::Place::html ? State::text : State::data;
      matched_ = 0;
    } else if (!kComment.starts_with(held_) && !kData.starts_with(held_)) {
      state_ = c == '>' ? State::text : State::bogus;
    }
    return;
  }
  if (state_ == State::bogus) {
    if (c == '>') state_ = State::text;
    return;
  }
  if (c == '>' && matched_ >= 2) {
    state_ = State::text;
  } else if (c == '-') {
    if (matched_ < 2 || matched_ == 3) matched_ = matched_ == 3 ? 1 : matched_ + 1;
  } else {
    matched_ = c == '!' && matched_ == 2 ? 3 : 0;  // "--!>" ends it too
  }
}

// A document in an attribute may be as long as a page, and is read as it comes.
void PageText::take_document(char c, const Sink& sink) {
  document_ += c;
  if (document_.size() < kLongestValue) return;
  // A reference is not cut.
  const std::size_t reference = document_.rfind('&');
  const bool may_be_cut = reference != std::string::npos && document_.size() - reference <= kLongestEntity + 1;
  read_document(may_be_cut ? reference : document_.size(), sink);
}

void PageText::read_document(std::size_t size, const Sink& sink) {
  const std::string page = without_entities(std::string_view(document_).substr(0, size));
  document_.erase(0, size);
  if (depth_ == kDeepestDocument) return say(page, sink);
  if (!embedded_) {
    embedded_ = std::make_unique<PageText>();
    embedded_->depth_ = depth_ + 1;
    say("\n", sink);
  }
  embedded_->feed(page, [&](std::string_view text) { say(text, sink); });
}

void PageText::end_document(const Sink& sink) {
  read_document(document_.size(), sink);
  if (embedded_) embedded_->finish([&](std::string_view text) { say(text, sink); });
  embedded_.reset();
  say("\n", sink);
}

// Where a browser may be in a drawing or not, text that may be raw is read, with the tags in it.
bool PageText::starts_raw() noexcept {
  const ForeignParts::Place place = foreign_parts_.place();
  if (place == ForeignParts::Place::foreign) return false;
  shown_ = holds(kRawSeen, tag_) || place == ForeignParts::Place::doubtful;
  return holds(kRawSeen, tag_) || holds(kRawUnseen, tag_);
}

void PageText::end_tag(const Sink& sink) {
  state_ = State::text;
  attribute_name_.clear();
  if (!is_inline_element(tag_) && last_ != '\n') say("\n", sink);
  if (closes_) {
    foreign_parts_.close(tag_);
    return hidden_parts_.close(tag_);
  }
  // Before the tag itself is placed: <title> of a drawing is no raw text, though HTML is in it.
  const bool raw = starts_raw();
  foreign_parts_.open(tag_, self_closed_);
  const bool in_html = foreign_parts_.place() == ForeignParts::Place::html;
  const bool says_hidden =
      !holds(kNeverHidden, tag_) && ((seen_[hidden] && !equal_ignoring_case(values_[hidden], "until-found")) ||
                                     style_hides(values_[style], kLongestValue));
  if (!self_closed_ || in_html) hidden_parts_.open(tag_, says_hidden);
  if (!says_hidden) say_attributes(sink);
  if (tag_ == "plaintext" && foreign_parts_.place() != ForeignParts::Place::foreign) state_ = State::plain;
  if (!raw) return;
  state_ = State::raw;
  raw_tag_ = "</" + tag_;
}

void PageText::say_attributes(const Sink& sink) {
  const auto tell = [&](const std::string& text) {
    if (text.empty()) return;
    say("\n", sink);
    say(without_entities(text), sink);
    say("\n", sink);
  };
  const auto lower = [this](Attribute which) { return ascii_lower(std::string_view(values_[which])); };
  tell(values_[spoken]);
  if (tag_ == "meta" && holds(kDescriptions, lower(name))) tell(values_[content]);
  if (tag_ == "input" && holds(kButtons, lower(type))) tell(values_[value]);
}

// The end tag is the name and then a blank, '/' or '>'. Text that is seen (a title) goes on as it comes.
void PageText::step_raw(char c, const Sink& sink) {
  if (state_ == State::raw) {
    if (c == '<') {
      state_ = State::raw_end;
      held_ = "<";
    } else if (c == '&' && shown_ && raw_tag_ != "</xmp") {
      state_ = State::reference;
      after_reference_ = State::raw;
      held_.clear();
    } else if (shown_) {
      say({&c, 1}, sink);
    }
    return;
  }
  if (held_.size() == raw_tag_.size() && (c == '>' || c == '/' || is_blank(c))) {
    begin_tag(true);
    tag_ = raw_tag_.substr(2);
    if (c == '>') return end_tag(sink);
    state_ = State::between;
    return;
  }
  if (held_.size() < raw_tag_.size() && ascii_lower(c) == raw_tag_[held_.size()]) {
    held_ += c;
    return;
  }
  state_ = State::raw;
  if (shown_) say(held_, sink);
  step_raw(c, sink);
}

}  // namespace schoolgate::content
