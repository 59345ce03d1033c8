// The one place where Asio is included and its types get their short names.
//
// Asio is compiled once (asio_impl.cc) and this header is precompiled for every target that links schoolgate_net. The
// executor is named, not type-erased: `any_io_executor` costs about a microsecond per request. Every type below belongs
// to the worker whose io_context it was made with, and is used on that worker's thread only.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <coroutine>

namespace schoolgate::net {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

/// What every coroutine of the data plane returns.
template <class T>
using awaitable = asio::awaitable<T, Executor>;

inline constexpr asio::use_awaitable_t<Executor> use_awaitable{};
/// Errors as values: `auto [error, n] = co_await op(as_tuple)`. A throw costs two microseconds a frame.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> as_tuple{use_awaitable};

using TcpStream = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

}  // namespace schoolgate::net
