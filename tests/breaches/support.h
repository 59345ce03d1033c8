// What the tests of this room share: a folder of their own, a breach to change, and a log that waits for its receipts.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "base/file.h"
#include "breaches/breach_log.h"
#include "breaches/export.h"

namespace schoolgate::breaches {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "schoolgate-breaches-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline TimePoint at(std::string_view text) { return *from_rfc3339(text); }

inline Breach a_breach(TimePoint time = at("2026-11-23T09:30:00Z")) {
  Breach breach;
  breach.id = Uuid::v7(time);
  breach.time = time;
  breach.group = "ks2";
  breach.confidence = "network";
  breach.device = "10.20.2.7";
  breach.action = "block";
  breach.site = "lucky-spins.example";
  breach.url = "http://lucky-spins.example/wheel?pupil=jo";
  breach.method = "GET";
  breach.stage = "request";
  breach.reason.tier = "category";
  breach.reason.list = "ut1-gambling";
  breach.reason.category = "gambling";
  breach.reason.entry = "lucky-spins.example";
  breach.reason.source = "lists/gambling";
  breach.reason.policy_version = "v1";
  breach.reason.theme = "gambling";
  breach.reason.urgency = 2;
  return breach;
}

inline BreachLogSettings settings_in(const std::filesystem::path& folder) {
  BreachLogSettings settings;
  settings.folder = folder;
  settings.school = "Ashford Oaks Primary School";
  settings.gateway = "gw-1";
  return settings;
}

inline std::unique_ptr<BreachLog> open_log(BreachLogSettings settings) {
  auto log = BreachLog::open(std::move(settings));
  if (!log) throw std::runtime_error(log.error().text());
  return *std::move(log);
}

/// Appends one and waits for what the log says of it.
inline Receipt append_and_wait(BreachLog& log, Breach breach) {
  auto told = std::make_shared<std::promise<Receipt>>();
  auto receipt = told->get_future();
  log.append(std::move(breach), [told](Receipt r) { told->set_value(r); });
  return receipt.get();
}

inline std::string exported(const std::filesystem::path& folder, ExportFormat format = ExportFormat::jsonl,
                            ExportRange range = {}) {
  std::string out;
  auto done = export_breaches(folder, range, format, [&](std::string_view piece) {
    out += piece;
    return true;
  });
  if (!done) throw std::runtime_error(done.error().text());
  return out;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  return lines;
}

/// The raw text of a field of a flat JSON line: "ks2" with its quotes, 3, null; empty when absent.
inline std::string field(const std::string& line, const std::string& name) {
  const std::string key = "\"" + name + "\":";
  const std::size_t found = line.find(key);
  if (found == std::string::npos) return {};
  const std::size_t begin = found + key.size();
  const std::size_t end = line[begin] == '"' ? line.find('"', begin + 1) + 1 : line.find_first_of(",}", begin);
  return line.substr(begin, end - begin);
}

}  // namespace schoolgate::breaches
