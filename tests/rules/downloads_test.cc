#include "rules/downloads.h"

#include "tests/rules/policies.h"

namespace schoolgate::rules {
namespace {

using namespace test;

Downloads downloads() {
  return Downloads({.block_types = {"application/x-msdownload", "Video/*"},
                    .block_extensions = {"EXE", ".msi", "tar.gz"},
                    .max_size = 200'000'000,
                    .at = {"policy.yaml", 9, 5}});
}

TEST(SavedName, IsReadAsRfc6266Says) {
  EXPECT_EQ(saved_name("attachment; filename=setup.exe"), "setup.exe");
  EXPECT_EQ(saved_name("Attachment ; FileName = \"my \\\"setup\\\".exe\" ; size=1"), "my \"setup\".exe");
  EXPECT_EQ(saved_name("attachment; filename=\"a.txt\"; filename*=UTF-8''%e2%82%ac%2eexe"), "€.exe");
  EXPECT_EQ(saved_name("attachment; filename=\"..\\..\\x/y.exe\""), "y.exe");
  for (const char* text :
       {"", "inline", "attachment", "attachment; filename", "attachment; filename=", "; ;;", "a;b;=c"})
    EXPECT_EQ(saved_name(text), "") << text;
}

TEST(DownloadsTest, RefuseByTypeWhateverItsSpelling) {
  EXPECT_EQ(downloads().refusal("/x", {.content_type = "Application/X-MSDownload; v=1"}), "application/x-msdownload");
  EXPECT_EQ(downloads().refusal("/x", {.content_type = "video/mp4"}), "video/*");
  EXPECT_EQ(downloads().refusal("/x", {.content_type = "application/x-msdownloader"}), "");
  EXPECT_EQ(downloads().refusal("/x", {.content_type = "text/html"}), "");
  EXPECT_EQ(downloads().refusal("/x", {}), "");
}

TEST(DownloadsTest, RefuseByTheNameThatWouldBeSaved) {
  EXPECT_EQ(downloads().refusal("/get", {.content_disposition = "attachment; filename=\"Game.EXE\""}), ".exe");
  EXPECT_EQ(downloads().refusal("/get", {.content_disposition = "attachment; filename=\"game.exe. .\""}), ".exe")
      << "Windows drops dots and blanks at the end of a name";
  EXPECT_EQ(downloads().refusal("/a/Setup.MSI", {.content_type = "application/octet-stream"}), ".msi");
  EXPECT_EQ(downloads().refusal("/a/src.tar.gz", {}), ".tar.gz");
  EXPECT_EQ(downloads().refusal("/a/exe", {}), "");
  EXPECT_EQ(downloads().refusal("/a.exe/readme.txt", {}), "");
}

TEST(DownloadsTest, APageAboutAProgramIsNoProgram) {
  EXPECT_EQ(downloads().refusal("/wiki/Setup.exe", {.content_type = "text/html; charset=utf-8"}), "");
  EXPECT_EQ(downloads().refusal("/setup.exe", {.content_type = "text/html", .content_disposition = "attachment"}),
            ".exe");
}

TEST(DownloadsTest, RefuseBySize) {
  EXPECT_EQ(downloads().refusal("/x", {.content_length = 200'000'001}), "more than 200 MB");
  EXPECT_EQ(downloads().refusal("/x", {.content_length = 200'000'000}), "");
  EXPECT_EQ(Downloads({.block_extensions = {"exe"}}).refusal("/x", {.content_length = 1ull << 40}), "");
}

class Responses : public ::testing::Test {
 protected:
  Responses() {
    PolicySpec spec =
        school({allow_url("updates.example/setup.exe"), allow_site("tools.example"), block_site("bad.example")});
    spec.groups[1].downloads = {
        .block_types = {}, .block_extensions = {"exe"}, .max_size = 0, .at = {"policy.yaml", 9, 5}};
    snapshot_ = compiled(spec);
  }
  Verdict answer(std::string_view url, std::string_view group = "ks2") {
    request_.emplace(get(url));
    const Subject subject{.group = *snapshot_->find_group(group)};
    const Verdict judged = snapshot_->decide(subject, *request_, Stage::request, sunday_noon());
    return snapshot_->decide_response(subject, *request_, judged, {.content_type = "application/octet-stream"});
  }
  std::shared_ptr<const PolicySnapshot> snapshot_;
  std::optional<Request> request_;
};

TEST_F(Responses, ARefusedDownloadIsCitedWithItsLine) {
  const Verdict verdict = answer("https://a.example/game.exe");
  EXPECT_EQ(verdict.action, Action::block);
  EXPECT_EQ(verdict.reason.stage, Stage::response);
  const Citation citation = snapshot_->cite(verdict);
  EXPECT_EQ(citation.tier, "local");
  EXPECT_EQ(citation.rule, "downloads of .exe");
  EXPECT_EQ(citation.entry, ".exe");
  EXPECT_EQ(citation.source, "policy.yaml:9");
}

TEST_F(Responses, OtherGroupsAndOtherFilesPass) {
  EXPECT_EQ(answer("https://a.example/game.exe", "staff").action, Action::allow);
  EXPECT_EQ(answer("https://a.example/game.pdf").action, Action::allow);
  EXPECT_EQ(snapshot_->download_limit(1), 0u);
}

TEST_F(Responses, AUrlThatTheSchoolAllowsKeepsItsDownloadsAndASiteDoesNot) {
  EXPECT_EQ(answer("https://updates.example/setup.exe").action, Action::allow);
  EXPECT_EQ(answer("https://tools.example/setup.exe").action, Action::block);
  EXPECT_EQ(answer("https://www.childline.org.uk/leaflet.exe").action, Action::allow) << "a site of help";
}

}  // namespace
}  // namespace schoolgate::rules
