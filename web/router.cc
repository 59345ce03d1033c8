#include "web/router.h"

#include <atomic>
#include <exception>

#include "base/log.h"
#include "web/text.h"

namespace schoolgate::web {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }
bool takes_rest(std::string_view segment) { return is_parameter(segment) && segment.ends_with("...}"); }

using Params = std::vector<std::pair<std::string, std::string>>;

/// The parameters when `path` fits `pattern`. A segment whose escapes are broken fits nothing.
std::optional<Params> fit(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  Params params;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const std::string& segment = pattern[i];
    if (takes_rest(segment)) {
      std::string rest;
      for (std::size_t j = i; j < path.size(); ++j) {
        auto part = percent_decode(path[j]);
        if (!part) return std::nullopt;
        if (j > i) rest += '/';
        rest += *part;
      }
      params.emplace_back(segment.substr(1, segment.size() - 5), std::move(rest));
      return params;
    }
    if (i >= path.size()) return std::nullopt;
    if (is_parameter(segment)) {
      auto part = percent_decode(path[i]);
      if (!part || part->empty() || part->contains('\0')) return std::nullopt;
      params.emplace_back(segment.substr(1, segment.size() - 2), std::move(*part));
    } else if (segment != path[i]) {
      return std::nullopt;
    }
  }
  if (path.size() != pattern.size()) return std::nullopt;
  return params;
}

AsyncHandler at_once(Handler handler) {
  return [handler = std::move(handler)](const Request& request, const Answer& answer) { answer(handler(request)); };
}

/// Sees to it that exactly one answer is given, whatever a handler does with its callback.
class AnswerOnce {
 public:
  AnswerOnce(Answer answer, Response otherwise) : answer_(std::move(answer)), otherwise_(std::move(otherwise)) {}
  ~AnswerOnce() {
    if (given_.exchange(true)) return;
    log::error("a handler gave no answer");
    answer_(std::move(otherwise_));
  }
  AnswerOnce(const AnswerOnce&) = delete;
  AnswerOnce& operator=(const AnswerOnce&) = delete;
  /// False when an answer was given before.
  bool give(Response response) {
    if (given_.exchange(true)) return false;
    answer_(std::move(response));
    return true;
  }

 private:
  Answer answer_;
  Response otherwise_;
  std::atomic<bool> given_{false};
};

}  // namespace

void Router::add(Method method, std::string_view pattern, AsyncHandler handler) {
  routes_.push_back({method, split(pattern), std::move(handler), {}, {}});
}

Router& Router::get(std::string pattern, Handler handler) {
  add(Method::get, pattern, at_once(std::move(handler)));
  return *this;
}
Router& Router::get(std::string pattern, AsyncHandler handler) {
  add(Method::get, pattern, std::move(handler));
  return *this;
}
Router& Router::post(std::string pattern, Handler handler) {
  add(Method::post, pattern, at_once(std::move(handler)));
  return *this;
}
Router& Router::post(std::string pattern, AsyncHandler handler) {
  add(Method::post, pattern, std::move(handler));
  return *this;
}

Router& Router::guard(Guard guard) {
  guards_.push_back(std::move(guard));
  return *this;
}
Router& Router::finish(Finish finish) {
  finishes_.push_back(std::move(finish));
  return *this;
}
Router& Router::error_page(ErrorPage page) {
  error_page_ = std::move(page);
  return *this;
}

Router& Router::mount(std::string_view prefix, Router inner) {
  std::vector<std::string> above = split(prefix);
  if (prefix.empty() || prefix == "/") above.clear();
  for (Route& route : inner.routes_) {
    std::vector<std::string> segments = above;
    const bool root = route.segments.size() == 1 && route.segments.front().empty();
    if (!root || above.empty()) segments.insert(segments.end(), route.segments.begin(), route.segments.end());
    route.segments = std::move(segments);
    route.guards.insert(route.guards.begin(), inner.guards_.begin(), inner.guards_.end());
    route.finishes.insert(route.finishes.end(), inner.finishes_.begin(), inner.finishes_.end());
    routes_.push_back(std::move(route));
  }
  return *this;
}

const Router::Route* Router::find(Request& request, std::string& allow) const {
  const std::vector<std::string> path = split(request.path);
  const Method wanted = request.method == Method::head ? Method::get : request.method;
  bool get = false, post = false;
  for (const Route& route : routes_) {
    auto params = fit(route.segments, path);
    if (!params) continue;
    if (route.method == wanted) {
      request.params = std::move(*params);
      return &route;
    }
    (route.method == Method::get ? get : post) = true;
  }
  if (get) allow = "GET, HEAD";
  if (post) allow += get ? ", POST" : "POST";
  return nullptr;
}

Response Router::error(const Request& request, int status) const {
  if (error_page_) {
    try {
      Response page = error_page_(request, status);
      page.status = status;
      return page;
    } catch (const std::exception& failure) {
      log::error("the page of an error could not be made", {{"status", status}, {"what", failure.what()}});
    }
  }
  return text(std::to_string(status) + ' ' + std::string(reason_phrase(status)) + '\n', status);
}

void Router::serve(std::shared_ptr<Request> request, Answer answer) const {
  const Request& asked = *request;
  const auto failed = [&](const char* what) {
    log::error("a page could not be made", {{"method", to_string(asked.method)}, {"path", asked.path}, {"what", what}});
    return error(asked, 500);
  };
  std::string allow;
  const Route* const route = find(*request, allow);
  const auto finished = [this, route, request](Response response) {
    try {
      if (route)
        for (const Finish& finish : route->finishes) finish(*request, response);
      for (const Finish& finish : finishes_) finish(*request, response);
    } catch (const std::exception& failure) {
      log::error("an answer could not be finished", {{"path", request->path}, {"what", failure.what()}});
      response = error(*request, 500);
    }
    return response;
  };
  if (!route) {
    Response response = error(asked, allow.empty() ? 404 : 405);
    if (!allow.empty()) response.set("Allow", allow);
    return answer(finished(std::move(response)));
  }
  const auto once = std::make_shared<AnswerOnce>(
      [answer = std::move(answer), finished](Response response) { answer(finished(std::move(response))); },
      error(asked, 500));
  try {
    for (const std::vector<Guard>* guards : {&guards_, &route->guards})
      for (const Guard& guard : *guards)
        if (auto ended = guard(*request)) {
          once->give(std::move(*ended));
          return;
        }
    route->handler(asked, [once](Response response) { once->give(std::move(response)); });
  } catch (const std::exception& failure) {
    once->give(failed(failure.what()));
  } catch (...) {
    once->give(failed("an exception of an unknown type"));
  }
}

}  // namespace schoolgate::web
