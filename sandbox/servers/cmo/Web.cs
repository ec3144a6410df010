using System;
using System.IO;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

/// <summary>One request, and its answer as a text.</summary>
public static class Web
{
    public static string Ask(string method, string url, string token, string contentType = null, string body = null)
    {
        var request = (HttpWebRequest)WebRequest.Create(url);
        request.Method = method;
        if (token != null)
            request.Headers["Authorization"] = $"Bearer {token}";
        if (body != null)
        {
            var data = Encoding.UTF8.GetBytes(body);
            request.ContentType = contentType;
            using (var stream = request.GetRequestStream())
                stream.Write(data, 0, data.Length);
        }
        try
        {
            using (var response = request.GetResponse())
                return Text(response);
        }
        catch (WebException error) when (error.Response != null)
        {
            throw new IOException($"{method} {url}: {Text(error.Response)}");
        }
    }

    public static string Token(string url, string form)
    {
        var answer = Ask("POST", url, null, "application/x-www-form-urlencoded", form);
        return Regex.Match(answer, "\"access_token\"\\s*:\\s*\"([^\"]+)\"").Groups[1].Value;
    }

    private static string Text(WebResponse response)
    {
        using (var reader = new StreamReader(response.GetResponseStream()))
            return reader.ReadToEnd();
    }
}
