/*
 * The echo server on Asio, one C++20 coroutine a client. With --buffered it
 * reads what has arrived, answers each whole message in it, and sends the
 * answers together.
 */
#include <array>
#include <asio.hpp>
#include <cstdint>
#include <sys/socket.h>

#include "server.h"

extern "C" {
#include "frames.h"

int bench_files_raise(void);
}

namespace
{

constexpr std::size_t input_len_max = 16 * 1024;

bench_options options;

template <typename Socket> asio::awaitable<void> echo(Socket socket)
{
	std::array<std::uint8_t, input_len_max> input;
	asio::error_code error;
	auto token = asio::redirect_error(asio::use_awaitable, error);

	for (;;) {
		std::size_t got = co_await socket.async_read_some(
			asio::buffer(input), token);
		if (error)
			co_return;
		co_await asio::async_write(socket, asio::buffer(input, got),
					   token);
		if (error)
			co_return;
	}
}

template <typename Socket> asio::awaitable<void> answer_messages(Socket socket)
{
	std::array<std::uint8_t, BENCH_MESSAGE_LEN_MAX> bytes;
	auto message = asio::buffer(bytes, options.message_len);
	asio::error_code error;
	auto token = asio::redirect_error(asio::use_awaitable, error);

	for (;;) {
		co_await asio::async_read(socket, message, token);
		if (error)
			co_return;
		co_await asio::async_write(socket, message, token);
		if (error)
			co_return;
	}
}

template <typename Socket> asio::awaitable<void> answer_buffered(Socket socket)
{
	std::array<std::uint8_t, input_len_max> input;
	std::array<std::uint8_t, input_len_max + BENCH_MESSAGE_LEN_MAX> answers;
	bench_frames frames = {};
	asio::error_code error;
	auto token = asio::redirect_error(asio::use_awaitable, error);

	for (;;) {
		std::size_t got = co_await socket.async_read_some(
			asio::buffer(input), token);
		if (error)
			co_return;
		std::size_t made =
			bench_frames_answer(&frames, options.message_len,
					    input.data(), got, answers.data());
		co_await asio::async_write(socket, asio::buffer(answers, made),
					   token);
		if (error)
			co_return;
	}
}

template <typename Socket> asio::awaitable<void> serve(Socket socket)
{
	if (options.message_len == 0)
		return echo(std::move(socket));
	if (options.buffered)
		return answer_buffered(std::move(socket));
	return answer_messages(std::move(socket));
}

template <typename Acceptor> asio::awaitable<void> accept_all(Acceptor listener)
{
	auto executor = listener.get_executor();

	for (;;)
		asio::co_spawn(executor,
			       serve(co_await listener.async_accept(
				       asio::use_awaitable)),
			       asio::detached);
}

template <typename Protocol> void run(Protocol protocol, int fd)
{
	asio::io_context context(1); // one thread runs it
	typename Protocol::acceptor listener(context, protocol, fd);

	asio::co_spawn(context, accept_all(std::move(listener)),
		       asio::detached);
	context.run();
}

} // namespace

int main(int argc, char **argv)
{
	options = bench_server_options(argc, argv);
	bench_files_raise();
	int fd = bench_server_listen(options.path, SOCK_NONBLOCK);
	bench_server_announce(fd);
	if (options.path)
		run(asio::local::stream_protocol(), fd);
	else
		run(asio::ip::tcp::v4(), fd);
}
