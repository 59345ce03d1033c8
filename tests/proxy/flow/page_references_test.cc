// The number on a page and the line of it in the decision log.
#include <regex>

#include "tests/proxy/flow/conversation.h"

namespace schoolgate::flow::test {
namespace {

class PageReferences : public Conversation {
 protected:
  /// The number on the page that answers a request for `host`.
  std::string number_for(const std::string& host) { return number_on_the_page(get(host, "/")); }
  std::string number_on_the_page(const std::string& request) {
    Peer pupil = client();
    pupil.sends(request);
    const auto answer = pupil.answer();
    EXPECT_GE(answer.status, 403);
    std::smatch found;
    const std::string page(answer.body);
    EXPECT_TRUE(std::regex_search(page, found, std::regex("[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{6}"))) << page;
    return found.empty() ? std::string() : found.str();
  }
  /// The line of the decision log with this number.
  std::string line_of(const std::string& number) {
    stop();
    const std::string log = decisions();
    const std::size_t at = log.find("\"reference\":\"" + number + "\"");
    EXPECT_NE(at, std::string::npos) << log;
    if (at == std::string::npos) return {};
    const std::size_t begin = log.rfind('\n', at) + 1;
    return log.substr(begin, log.find('\n', at) - begin);
  }
};

TEST_F(PageReferences, ARefusalsLineHasTheNumberOfItsPage) {
  const std::string line = line_of(number_for("casino.example"));
  EXPECT_NE(line.find(R"("action":"block")"), std::string::npos) << line;
}

TEST_F(PageReferences, AFaultHasALineOfItsOwn) {
  const std::string line = line_of(number_for("nowhere.example"));
  for (const char* part :
       {R"("action":"fault")", R"("host":"nowhere.example")", R"("device":"127.0.0.1")", R"("rule":"upstream")"})
    EXPECT_NE(line.find(part), std::string::npos) << line;
}

TEST_F(PageReferences, TheLineOfASiteOfHelpSaysNeitherWhereNorWho) {
  // A port that is no web server's, so that the answer is a page of the gateway's own.
  const std::string line =
      line_of(number_on_the_page("GET http://help.example:25/ HTTP/1.1\r\nHost: help.example:25\r\n\r\n"));
  EXPECT_NE(line.find(R"("action":"fault")"), std::string::npos) << line;
  EXPECT_EQ(line.find("help.example"), std::string::npos) << line;
  EXPECT_EQ(line.find("127.0.0.1"), std::string::npos) << line;
}

}  // namespace
}  // namespace schoolgate::flow::test
