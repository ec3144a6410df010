using System;
using System.IO;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

/// <summary>A conversation in lines, with TLS from the beginning, from STARTTLS on, or without.</summary>
public sealed class Dialogue : IDisposable
{
    private readonly string host;
    private readonly TcpClient client;
    private Stream stream;

    /// <param name="server">host or host:port</param>
    /// <param name="isImplicit">whether TLS begins at once on a port, given that it is used at all</param>
    public Dialogue(string server, bool ssl, int port, int sslPort, Func<int, bool> isImplicit)
    {
        var parts = server.Split(':');
        host = parts[0];
        var number = parts.Length > 1 ? int.Parse(parts[1]) : ssl ? sslPort : port;
        client = new TcpClient(host, number);
        stream = client.GetStream();
        IsEncrypted = ssl && isImplicit(number);
        if (IsEncrypted)
            Encrypt();
    }

    public bool IsEncrypted { get; private set; }

    public void Encrypt()
    {
        var encrypted = new SslStream(stream);
        encrypted.AuthenticateAsClient(host);
        stream = encrypted;
        IsEncrypted = true;
    }

    public void Say(string line)
    {
        var data = Encoding.UTF8.GetBytes(line + "\r\n");
        stream.Write(data, 0, data.Length);
        stream.Flush();
    }

    public string Hear()
    {
        var line = new MemoryStream();
        for (var unit = stream.ReadByte(); unit != '\n'; unit = stream.ReadByte())
        {
            if (unit < 0)
                throw new IOException($"{host} has ended the conversation");
            line.WriteByte((byte)unit);
        }
        return Encoding.UTF8.GetString(line.ToArray()).TrimEnd('\r');
    }

    public void Dispose()
    {
        client.Close();
    }
}
