//! The echo server on Tokio, one task a client, on one thread. With --buffered
//! messages are read and written through buffers, and what was written leaves
//! when no whole message is left to read.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::io::{AsyncWriteExt, BufReader, BufWriter};
use tokio::net::{TcpListener, UnixListener};

const INPUT_LEN_MAX: usize = 16 * 1024;

#[derive(Clone, Default)]
struct Options {
    message_len: usize,
    path: Option<String>,
    buffered: bool,
}

fn read_options() -> Options {
    let mut options = Options::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--message" => {
                let len = words.next().and_then(|text| text.parse().ok());
                options.message_len = len.expect("--message LEN");
            }
            "--unix" => options.path = words.next(),
            "--buffered" => options.buffered = true,
            _ => panic!("no option {word}"),
        }
    }
    options
}

async fn echo<R, W>(mut reader: R, mut writer: W) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut input = Vec::with_capacity(INPUT_LEN_MAX);
    while reader.read_buf(&mut input).await? > 0 {
        writer.write_all(&input).await?;
        input.clear();
    }
    Ok(())
}

async fn answer_messages<R, W>(mut reader: R, mut writer: W, len: usize) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut message = vec![0; len];
    loop {
        reader.read_exact(&mut message).await?;
        writer.write_all(&message).await?;
    }
}

async fn answer_buffered<R, W>(reader: R, writer: W, len: usize) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut message = vec![0; len];
    let mut reader = BufReader::new(reader);
    let mut writer = BufWriter::new(writer);
    loop {
        reader.read_exact(&mut message).await?;
        writer.write_all(&message).await?;
        if reader.buffer().len() < len {
            writer.flush().await?;
        }
    }
}

async fn serve<R, W>(reader: R, writer: W, options: Options) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    match (options.message_len, options.buffered) {
        (0, _) => echo(reader, writer).await,
        (len, false) => answer_messages(reader, writer, len).await,
        (len, true) => answer_buffered(reader, writer, len).await,
    }
}

async fn serve_path(path: &str, options: &Options) -> io::Result<()> {
    let listener = UnixListener::bind(path)?;
    println!("0");
    loop {
        let (mut stream, _) = listener.accept().await?;
        let options = options.clone();
        tokio::spawn(async move {
            let (reader, writer) = stream.split();
            serve(reader, writer, options).await
        });
    }
}

async fn serve_port(options: &Options) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let options = options.clone();
        tokio::spawn(async move {
            let (reader, writer) = stream.split();
            serve(reader, writer, options).await
        });
    }
}

fn main() -> io::Result<()> {
    let options = read_options();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        match &options.path {
            Some(path) => serve_path(path, &options).await,
            None => serve_port(&options).await,
        }
    })
}
