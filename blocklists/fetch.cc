#include "blocklists/fetch.h"

#include <curl/curl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>

#include "base/ascii.h"
#include "base/file.h"
#include "names/url.h"

namespace schoolgate::blocklists {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// One attempt, as curl's callbacks see it.
struct Transfer {
  CURL* curl = nullptr;
  fs::path part;
  std::uint64_t have = 0;  // bytes of the part file that the server was asked to leave out
  std::uint64_t most = 0;
  File file;
  std::uint64_t size = 0;  // of the part file now
  std::string etag, last_modified, content_range;
  std::optional<Moment> date;
  bool is_cached = false;
  std::optional<Error> failure;

  bool open() {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    const bool append = status == 206 && content_range.starts_with("bytes " + std::to_string(have) + "-");
    if (status == 206 && !append) {
      failure = Error{Fault::upstream, "the server sent another part of the file than it was asked for", ""};
      return false;
    }
    file.reset(std::fopen(part.c_str(), append ? "abe" : "wbe"));
    size = append ? have : 0;
    if (file == nullptr) failure = fail_errno("cannot write " + part.string(), errno).error();
    return file != nullptr;
  }
};

std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (transfer.file == nullptr && !transfer.open()) return 0;
  if (transfer.size + count > transfer.most) {
    transfer.failure = Error{Fault::upstream, "the file is larger than " + std::to_string(transfer.most) + " bytes",
                             "raise the limit if it is genuine"};
    return 0;
  }
  if (std::fwrite(bytes, 1, count, transfer.file.get()) != count) {
    transfer.failure = fail_errno("cannot write " + transfer.part.string(), errno, "free some disk space").error();
    return 0;
  }
  transfer.size += count;
  return count;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::string_view line(bytes, count);
  if (line.starts_with("HTTP/")) {  // a new response: after a redirect, nothing of the one before counts
    transfer.etag.clear();
    transfer.last_modified.clear();
    transfer.content_range.clear();
    transfer.date.reset();
    transfer.is_cached = false;
    return count;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return count;
  const std::string name = ascii_lower(line.substr(0, colon));
  const std::string_view value = trimmed(line.substr(colon + 1)).substr(0, 1024);
  if (name == "etag") transfer.etag = value;
  if (name == "last-modified") transfer.last_modified = value;
  if (name == "content-range") transfer.content_range = value;
  if (name == "age") transfer.is_cached = true;
  if (name == "date")
    if (const ::time_t date = curl_getdate(std::string(value).c_str(), nullptr); date > 0)
      transfer.date = Moment{TimePoint(std::chrono::seconds(date)), steady_now()};
  return count;
}

// How to name what a partial file is part of: a strong ETag, else the date.
std::string validator_of(const Transfer& transfer) {
  if (!transfer.etag.empty() && !transfer.etag.starts_with("W/")) return transfer.etag;
  return transfer.last_modified;
}

bool worth_another_attempt(CURLcode code) {
  return code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
         code == CURLE_GOT_NOTHING || code == CURLE_OPERATION_TIMEDOUT || code == CURLE_HTTP2_STREAM ||
         code == CURLE_COULDNT_CONNECT;
}

class Fetch {
 public:
  Fetch(const FetchRequest& request, const FetchSettings& settings)
      : request_(request),
        settings_(settings),
        part_(request.into.string() + ".part"),
        validator_file_(request.into.string() + ".part-of"),
        deadline_(Clock::now() + settings.total) {}

  Result<Fetched> run() {
    if (!request_.url.starts_with("https://"))
      return fail(Fault::config, "lists are fetched over https only: " + request_.url.substr(0, 200));
    if (auto trusted = collect_trust(); !trusted) return std::unexpected(std::move(trusted.error()));
    Result<Fetched> result = fail(Fault::upstream, "no time left to fetch " + request_.url);
    for (int number = 1; number <= settings_.attempts && Clock::now() < deadline_; ++number) {
      bool again = false;
      result = attempt(again);
      if (result) result->attempts = number;
      if (!again) break;
    }
    return result;
  }

 private:
  // libcurl takes one bundle: the system's roots and ours.
  Result<void> collect_trust() {
    if (settings_.trust.empty()) return {};
    const curl_version_info_data* about = curl_version_info(CURLVERSION_NOW);
    if (about->cainfo != nullptr)
      if (auto system = read_file(about->cainfo)) roots_ = std::move(*system);
    for (const fs::path& path : settings_.trust) {
      auto more = read_file(path, 1u << 20);
      if (!more) return std::unexpected(std::move(more.error()));
      roots_ += '\n' + *more;
    }
    return {};
  }

  Result<Fetched> attempt(bool& again) {
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
    if (curl == nullptr) return fail(Fault::host, "no memory to fetch with");
    Transfer transfer;
    transfer.curl = curl.get();
    transfer.part = part_;
    transfer.most = settings_.most_bytes;
    const auto validator = read_file(validator_file_, 1024);
    std::error_code error;
    if (validator && !validator->empty() && fs::exists(part_, error)) transfer.have = fs::file_size(part_, error);

    curl_slist* raw_headers = nullptr;
    const auto header = [&](const std::string& line) { raw_headers = curl_slist_append(raw_headers, line.c_str()); };
    if (transfer.have != 0) {
      header("If-Range: " + *validator);
      curl_easy_setopt(curl.get(), CURLOPT_RANGE, (std::to_string(transfer.have) + "-").c_str());
    }
    if (!request_.etag.empty()) header("If-None-Match: " + request_.etag);
    if (!request_.last_modified.empty()) header("If-Modified-Since: " + request_.last_modified);
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(raw_headers, &curl_slist_free_all);
    set_options(curl.get(), transfer, headers.get());

    const CURLcode code = curl_easy_perform(curl.get());
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    const bool wrote = transfer.file != nullptr;
    if (wrote && std::fclose(transfer.file.release()) != 0 && !transfer.failure)
      transfer.failure = fail_errno("cannot write " + part_.string(), errno, "free some disk space").error();
    if (transfer.failure) {
      forget_part();
      return fail(transfer.failure->fault, transfer.failure->what + " (" + request_.url + ")", transfer.failure->next);
    }
    if (status == 416) {  // what we have is no part of what they have
      forget_part();
      again = true;
      return fail(Fault::upstream, "the server refused to go on where the transfer broke");
    }
    if (code != CURLE_OK) {
      again = worth_another_attempt(code);
      if (wrote && !validator_of(transfer).empty())
        (void)replace_file(validator_file_, validator_of(transfer));
      else if (wrote)
        forget_part();
      return fail(Fault::upstream, "cannot fetch " + request_.url + ": " + curl_easy_strerror(code));
    }
    if (status == 304) return answered(Fetched{true, transfer.etag, transfer.last_modified, 0, 1, {}, {}}, transfer);
    if (status != 200 && status != 206)
      return fail(Fault::upstream, "the server of " + request_.url + " answered " + std::to_string(status));
    auto completed = complete(transfer, wrote);
    if (!completed) return completed;
    return answered(*std::move(completed), transfer);
  }

  // Who answered, and by which clock.
  static Fetched answered(Fetched fetched, const Transfer& transfer) {
    char* url = nullptr;
    curl_easy_getinfo(transfer.curl, CURLINFO_EFFECTIVE_URL, &url);
    if (url == nullptr) return fetched;
    if (const auto parsed = names::Url::parse(url)) fetched.host = parsed->host();
    if (!transfer.is_cached) fetched.date = transfer.date;
    return fetched;
  }

  Result<Fetched> complete(Transfer& transfer, bool wrote) {
    if (!wrote) transfer.file.reset(std::fopen(part_.c_str(), "wbe"));  // an answer without a byte of body
    transfer.file.reset();
    if (::chmod(part_.c_str(), 0600) != 0 || ::rename(part_.c_str(), request_.into.c_str()) != 0)
      return fail_errno("cannot put " + part_.string() + " in its place", errno);
    std::error_code ignored;
    fs::remove(validator_file_, ignored);
    return Fetched{false, transfer.etag, transfer.last_modified, transfer.size, 1, {}, {}};
  }

  void set_options(CURL* curl, Transfer& transfer, curl_slist* headers) {
    curl_easy_setopt(curl, CURLOPT_URL, request_.url.c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
#else
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTPS);
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, CURLPROTO_HTTPS);
#endif
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "schoolgate");
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(settings_.most_bytes));
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, static_cast<long>(settings_.connect.count()));
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings_.stall.count()));
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<long long>(left, 1)));
    curl_easy_setopt(curl, CURLOPT_PROXY, settings_.proxy.c_str());  // empty: none, not even the environment's
    if (!roots_.empty()) {
      curl_blob blob{roots_.data(), roots_.size(), CURL_BLOB_NOCOPY};
      curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
    }
  }

  void forget_part() const {
    std::error_code ignored;
    fs::remove(part_, ignored);
    fs::remove(validator_file_, ignored);
  }

  const FetchRequest& request_;
  const FetchSettings& settings_;
  fs::path part_, validator_file_;
  Clock::time_point deadline_;
  std::string roots_;
};

}  // namespace

Result<Fetched> fetch(const FetchRequest& request, const FetchSettings& settings) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) return fail(Fault::host, std::string("libcurl: ") + curl_easy_strerror(ready));
  return Fetch(request, settings).run();
}

}  // namespace schoolgate::blocklists
