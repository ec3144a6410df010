// A stand-in for CMO: it does what the appSettings of a web.config say, and nothing else.
//
//   read                              the appSettings of each file that standard input names, a line of JSON each
//   send FILE FROM TO SUBJECT         one mail; FROM counts for SMTP, which does not say whose mailbox it is
//   receive FILE MAILBOX SUBJECT      who sent the mails of that subject that lie in the mailbox
//
// Where Microsoft is, the sandbox says in environment variables: MAILOPS_GRAPH_ENDPOINT and AZURE_AUTHORITY_HOST.
using System;
using System.Configuration;
using System.Linq;

public static class Program
{
    public static int Main(string[] arguments)
    {
        if (arguments[0] == "read")
        {
            Read();
            return 0;
        }
        try
        {
            var settings = Settings.Of(arguments[1]);
            if (arguments[0] == "send")
                Send(new Mailbox(settings, "sending"), arguments[2], arguments[3], arguments[4]);
            else
                Receive(new Mailbox(settings, arguments[2]), arguments[3]);
            return 0;
        }
        catch (Exception error)
        {
            Console.Error.WriteLine(error.GetBaseException().Message);
            return 1;
        }
    }

    private static void Send(Mailbox mailbox, string from, string to, string subject)
    {
        const string text = "An action was assigned.";
        var type = mailbox.Required("ServerType");
        if (type == "Microsoft365")
            new Graph(mailbox).Send(to, subject, text);
        else
            Smtp.Send(mailbox, from, to, subject, text);
    }

    private static void Receive(Mailbox mailbox, string subject)
    {
        foreach (var sender in new Graph(mailbox).Senders(subject))
            Console.WriteLine(sender);
    }

    private static void Read()
    {
        string file;
        while ((file = Console.ReadLine()) != null)
            Console.WriteLine(Read(file));
    }

    private static string Read(string file)
    {
        try
        {
            var settings = Settings.Of(file);
            var members = settings.AllKeys.Select(key => $"{Json.Text(key)}: {Json.Text(settings[key])}");
            return $"{{{string.Join(", ", members)}}}";
        }
        catch (ConfigurationErrorsException error)
        {
            return $"{{\"error\": {Json.Text(error.Message)}}}";
        }
    }
}
