using System;
using System.Linq;
using System.Text.RegularExpressions;

/// <summary>Microsoft Graph, with an application that signs in by itself (Confidential).</summary>
public sealed class Graph
{
    private readonly string user, token;

    public Graph(Mailbox mailbox)
    {
        var type = mailbox.Required("Microsoft365.IntegrationType");
        if (type != "Confidential")
            throw new NotSupportedException($"{type}: its token cache is protected by Windows");
        const string application = "Microsoft365.ConfidentialApp.";
        user = $"{Environment.GetEnvironmentVariable("MAILOPS_GRAPH_ENDPOINT")}/v1.0/users/"
            + mailbox.Required(application + "UserObjectId");
        var authority = Environment.GetEnvironmentVariable("AZURE_AUTHORITY_HOST").TrimEnd('/');
        var form = new[] {
            "grant_type=client_credentials", "scope=https%3A%2F%2Fgraph.microsoft.com%2F.default",
            "client_id=" + Uri.EscapeDataString(mailbox.Required(application + "ClientId")),
            "client_secret=" + Uri.EscapeDataString(mailbox.Required(application + "Secret")),
        };
        var tenant = mailbox.Required(application + "TenantId");
        token = Web.Token($"{authority}/{tenant}/oauth2/v2.0/token", string.Join("&", form));
    }

    public void Send(string to, string subject, string text)
    {
        var body = $"{{\"contentType\": \"Text\", \"content\": {Json.Text(text)}}}";
        var recipients = $"[{{\"emailAddress\": {{\"address\": {Json.Text(to)}}}}}]";
        Web.Ask(
            "POST", $"{user}/sendMail", token, "application/json",
            $"{{\"message\": {{\"subject\": {Json.Text(subject)}, \"body\": {body}, \"toRecipients\": {recipients}}}}}");
    }

    /// <summary>The senders of the mails of a subject.</summary>
    public string[] Senders(string subject)
    {
        var filter = Uri.EscapeDataString($"subject eq '{subject}'");
        var answer = Web.Ask("GET", $"{user}/mailFolders/inbox/messages?$filter={filter}&$select=from", token);
        var found = Regex.Matches(answer, "\"address\"\\s*:\\s*\"([^\"]*)\"").Cast<Match>();
        return found.Select(match => match.Groups[1].Value).ToArray();
    }
}
