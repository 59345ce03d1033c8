// How a word slips past: leetspeak, letters apart, letters repeated, letters of other alphabets, full-width letters,
// letters in circles and squares, characters that nobody sees, accents, hashtags. And how a plain word could be taken
// for one of them.
#include "content/word_stream.h"

#include <gtest/gtest.h>

#include "rules/search_terms.h"

namespace schoolgate::content {
namespace {

std::string words_read(std::string_view text) {
  static const Vocabulary vocabulary = [] {
    Vocabulary words;
    for (const char* const phrase : {" kill yourself ", " porn ", " suicide ", " ass "}) words.add(phrase);
    return words;
  }();
  std::string out;
  const WordStream::Sink sink = [&](std::string_view piece) { out += piece; };
  WordStream stream(&vocabulary);
  stream.feed(text, sink);
  stream.finish(sink);
  return out;
}

TEST(WordStream, PlainTextIsAsSearchesHaveIt) {
  for (const std::string_view text :
       {"Kill YOURSELF!", "don't, won\u2019t", "Caf\u00E9 \u00C6on Stra\u00DFe",
        "\u041F\u0440\u0438\u0432\u0435\u0442 mp3 h2o 1,000 a b", "\u81EA\u6BBA\u65B9\u6CD5", "x@y.example | 50% * $5",
        "\xFF\xFE broken \xE2\x82", "\u0127obby"})
    EXPECT_EQ(words_read(text), rules::search_words(text)) << text;
}

TEST(WordStream, DisguisedWordsAreWhatTheyStandFor) {
  for (const std::string_view text :
       {"k1ll y0ur53lf", "K I L L yourself", "k.i.l.l yourself", "kiiiiill yourselfffff",
        "\uFF4B\uFF49\uFF4C\uFF4C yourself", "k\u0456ll yours\u0435lf", "ki\u200Bll your\u00ADself",
        "\u24DA\u24D8\u24DB\u24DB yourself",
        "\U0001D424\U0001D422\U0001D425\U0001D425 "
        "\U0001F188\U0001F17E\U0001F184\U0001F181\U0001F182\U0001F174\U0001F17B\U0001F175",
        "k\u0301i\u0302ll y\u00F3urself", "k!ll yourse|f"})
    EXPECT_EQ(words_read(text), " kill yourself ") << text;
  EXPECT_EQ(words_read("p 0 r n? p o r n! #killyourself"), " porn porn killyourself ");
  EXPECT_EQ(words_read("k i l l y o u r s e l f"), " killyourself ");
  EXPECT_EQ(words_read("a$$"), " ass ");
}

TEST(WordStream, WhatIsInNoPhraseStaysAsItIs) {
  EXPECT_EQ(words_read("mp3 h2o covid19 B2B 4th 1000 zzzz"), " mp3 h2o covid19 b2b 4th 1000 zzzz ");
  EXPECT_EQ(words_read("A B C D, plan b"), " a b c d plan b ");
  EXPECT_EQ(words_read("f*ck you@home"), " f ck you home ");
}

TEST(WordStream, ArabicAndUrduKeyboardsAgree) {
  EXPECT_EQ(words_of("\u06A9\u064A\u0641"), words_of("\u0643\u06CC\u0641"));
  EXPECT_EQ(words_of("\u0627\u0646\u0640\u0640\u062A\u0650\u062D\u0627\u0631"),
            words_of("\u0627\u0646\u062A\u062D\u0627\u0631"));
  EXPECT_EQ(words_of("\uFEA9"), words_of("\u062F"));
}

TEST(WordStream, LongWordsAreBounded) {
  const std::string text(100'000, 'x');
  const std::string all = words_read(text);
  for (std::string_view words = all; !words.empty();) {
    const auto end = words.find(' ', 1);
    ASSERT_LT(std::min(end, words.size()), 100u);
    words.remove_prefix(std::min(end, words.size()));
    if (words == " ") break;
  }
}

TEST(WordStream, NoWord) {
  EXPECT_EQ(words_of(""), "");
  EXPECT_EQ(words_of(" .,-! "), "");
}

}  // namespace
}  // namespace schoolgate::content
