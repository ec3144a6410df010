using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

/// <summary>A service account's way to a user's mailbox (GoogleOAuth2): its key signs for a token.</summary>
public static class Google
{
    // Every P12 file of Google's has this one; CMO has no setting for it.
    private const string Password = "notasecret";

    /// <summary>The one answer of SASL's XOAUTH2.</summary>
    public static string Answer(Mailbox mailbox, string section)
    {
        var user = mailbox.Required($"{section}GoogleOAuth2.GsuiteUser");
        var assertion = Assertion(
            mailbox.Required($"{section}GoogleOAuth2.CertificatePath"),
            mailbox.Required($"{section}GoogleOAuth2.ServiceAccount"), user);
        var token = Web.Token(
            Environment.GetEnvironmentVariable("MAILOPS_GOOGLE_TOKEN_URI"),
            $"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
        return Convert.ToBase64String(Encoding.UTF8.GetBytes($"user={user}\u0001auth=Bearer {token}\u0001\u0001"));
    }

    private static string Assertion(string path, string account, string user)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var claims = $"{{\"iss\": {Json.Text(account)}, \"sub\": {Json.Text(user)}, \"iat\": {now}, \"exp\": {now + 3600}, "
            + "\"scope\": \"https://mail.google.com/\", \"aud\": \"https://oauth2.googleapis.com/token\"}";
        var signed = $"{Part("{\"alg\": \"RS256\", \"typ\": \"JWT\"}")}.{Part(claims)}";
        var key = (RSA)new X509Certificate2(path, Password, X509KeyStorageFlags.Exportable).PrivateKey;
        using (var rsa = new RSACryptoServiceProvider())
        {
            rsa.ImportParameters(key.ExportParameters(true));
            return $"{signed}.{Part(rsa.SignData(Encoding.ASCII.GetBytes(signed), "SHA256"))}";
        }
    }

    private static string Part(string text)
    {
        return Part(Encoding.UTF8.GetBytes(text));
    }

    private static string Part(byte[] data)
    {
        return Convert.ToBase64String(data).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }
}
