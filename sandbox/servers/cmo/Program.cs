// A stand-in for CMO: it does what the appSettings of a web.config say, and nothing else.
//
//   read                              the appSettings of each file that standard input names, a line of JSON each
//   account FILE MAILBOX              whose mailbox it is: an address, or a user's id
//   send FILE FROM TO SUBJECT         one mail; FROM counts for SMTP with and without a password
//   receive FILE MAILBOX SUBJECT      who sent the mails of that subject that lie in the mailbox
//
// MAILBOX is receiving, new_action or document_import. Where Microsoft and Google are, the sandbox says in environment
// variables: MAILOPS_GRAPH_ENDPOINT, AZURE_AUTHORITY_HOST and MAILOPS_GOOGLE_TOKEN_URI.
using System;
using System.Configuration;
using System.Linq;
using System.Runtime.InteropServices;

public static class Program
{
    public static void Main(string[] arguments)
    {
        // Now and then Mono aborts while it ends, if connections were kept for further requests.
        End(Run(arguments));
    }

    [DllImport("libc", EntryPoint = "_exit")]
    private static extern void End(int code);

    private static int Run(string[] arguments)
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
            else if (arguments[0] == "account")
                Console.WriteLine(new Mailbox(settings, arguments[2]).Account);
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
        foreach (var sender in Senders(mailbox, subject))
            Console.WriteLine(sender);
    }

    private static string[] Senders(Mailbox mailbox, string subject)
    {
        switch (mailbox.Required("ServerType"))
        {
            case "Microsoft365": return new Graph(mailbox).Senders(subject);
            case "IMAP": return Imap.Senders(mailbox, subject);
            case "POP3": return Pop3.Senders(mailbox, subject);
            default: throw new NotSupportedException($"{mailbox["ServerType"]} is not for this machine");
        }
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
