#include "proxy/flow/own_answer.h"

#include <utility>

#include "proxy/flow/proxy_login.h"
#include "proxy/flow/worker.h"

namespace schoolgate::flow {

bool may_go_on(const Connection& connection, const http::RequestHead& head) {
  return head.may_be_followed() && head.method != http::Method::connect && !connection.worker.draining() &&
         !is_for_page(connection);
}

void insert_fields(std::string& answer, std::string_view lines) {
  if (lines.empty()) return;
  const std::size_t status_line = answer.find("\r\n");
  if (status_line != std::string::npos) answer.insert(status_line + 2, lines);
}

net::awaitable<bool> send_own_answer(Connection& connection, std::string answer) {
  insert_fields(answer, login_reply_line(connection));
  connection.client.expire_after(connection.worker.limits().idle);
  const net::Transfer sent = co_await connection.client.send_all(answer);
  co_return sent.status == net::IoStatus::ok;
}

net::awaitable<Served> give_own_answer(Connection& connection, const http::RequestHead& head, std::string answer,
                                       bool keep_alive) {
  const std::size_t head_size = head.size;
  const bool unread_body = head.has_body();
  const bool sent = co_await send_own_answer(connection, std::move(answer));
  connection.inbox.consume(head_size);
  co_return Served{.keep_alive = sent && keep_alive, .unread_body = unread_body};
}

}  // namespace schoolgate::flow
